/** The fields of a header block, as they are to stand there. */
export interface TarFields {
  /** At most 100 bytes. */
  readonly name: string;
  /** The type flag; a file where absent. */
  readonly type?: string;
  readonly size?: number;
  readonly link?: string;
  readonly mode?: number;
}

/** Something to put into a tar; names and sizes that ustar has no room for get a pax header. */
export interface TarMember extends TarFields {
  /** The body; `size` says how many bytes where it is opened only when its turn comes. */
  readonly body?: Uint8Array | (() => AsyncIterable<Uint8Array>) | undefined;
}

const blockSize = 512;
const largestOctal = 0o77777777777;

/** Two zero blocks. */
export const tarEnd: Buffer = Buffer.alloc(2 * blockSize);

/** A tar of these members, in constant memory; the same members give the same bytes. */
export async function* tar(
  members: Iterable<TarMember> | AsyncIterable<TarMember>,
): AsyncGenerator<Uint8Array> {
  for await (const member of members) yield* tarMember(member);
  yield tarEnd;
}

/** One ustar header block; nothing is checked, so that a test can write what no writer would. */
export function tarHeader({
  name,
  type = '0',
  size = 0,
  link = '',
  mode = 0o644,
}: TarFields): Buffer {
  const block = Buffer.alloc(blockSize);
  block.write(name, 0, 100);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(type, 156);
  block.write(link, 157, 100);
  block.write('ustar\0' + '00', 257);
  return withChecksum(block);
}

/** The same block with the checksum that belongs to it. */
export function withChecksum(block: Buffer): Buffer {
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

/** Zeros up to the next block. */
export function padding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** A pax header with these records, for the entry after it. */
export function paxHeader(records: Readonly<Record<string, string>>): Buffer {
  const body = Buffer.from(
    Object.entries(records)
      .map(([key, value]) => record(key, value))
      .join(''),
  );
  const header = tarHeader({ name: 'PaxHeaders/entry', type: 'x', size: body.length });
  return Buffer.concat([header, body, padding(body.length)]);
}

async function* tarMember({ body, ...fields }: TarMember): AsyncGenerator<Uint8Array> {
  const size = body instanceof Uint8Array ? body.length : (fields.size ?? 0);
  const records = {
    ...(Buffer.byteLength(fields.name) > 100 ? { path: fields.name } : {}),
    ...(Buffer.byteLength(fields.link ?? '') > 100 ? { linkpath: fields.link ?? '' } : {}),
    ...(size > largestOctal ? { size: String(size) } : {}),
  };
  if (Object.keys(records).length > 0) yield paxHeader(records);
  yield tarHeader({ ...fields, size: size > largestOctal ? 0 : size });
  if (body instanceof Uint8Array) yield body;
  else if (body) yield* body();
  yield padding(size);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length += 1;
  return `${length} ${key}=${value}\n`;
}
