import { TarFault } from './tar-header.ts';

/**
 * The records of a pax header by key; a key that comes again replaces the one before. Throws a {@link TarFault}.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03
 */
export function parsePax(body: Uint8Array): ReadonlyMap<string, string> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = space === -1 || space - at > 10 ? '' : bytes.toString('latin1', at, space);
    if (!/^[1-9]\d*$/.test(length)) throw new TarFault('a pax header has a record without length');
    const end = at + Number(length);
    const equals = bytes.indexOf(0x3d, space);
    if (equals === -1 || equals >= end || bytes[end - 1] !== 0x0a) {
      throw new TarFault('a pax header has a record that does not fit');
    }
    records.set(
      bytes.toString('utf8', space + 1, equals),
      bytes.toString('utf8', equals + 1, end - 1),
    );
    at = end;
  }
  return records;
}
