import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paxHeader, tar, tarHeader, withChecksum, type TarMember } from '../../local/tar.ts';
import { TarReader } from '../../src/archive/tar.ts';
import { entry, inChunks, sha256, tarOf } from '../helpers/archive/parts.ts';

const caps = { headers: 1000, meta: 100_000 };

/** Every entry with its body, as far as the reader comes. */
async function readAll(bytes: Uint8Array, piece = 777) {
  const reader = new TarReader(inChunks(bytes, piece), caps);
  const entries = [];
  for (let next = await reader.next(); next; next = await reader.next()) {
    const pieces: Uint8Array[] = [];
    for (let part = await reader.some(); part; part = await reader.some()) pieces.push(part);
    entries.push({
      name: next.name,
      type: next.type,
      link: next.link,
      body: sha256(Buffer.concat(pieces)),
    });
  }
  await reader.end();
  return entries;
}

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 200 })
  .filter((text) => !text.includes('\0'));
const member: fc.Arbitrary<TarMember> = fc.oneof(
  fc.record({ name, body: fc.uint8Array({ maxLength: 2000 }) }),
  fc.record({ name, type: fc.constant('5') }),
  fc.record({ name, type: fc.constant('2'), link: name }),
);

it('reads back what a tar was made of, in pieces of any size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(member, { maxLength: 8 }),
      fc.integer({ min: 1, max: 3000 }),
      async (members, piece) => {
        const bytes = Buffer.concat(await Array.fromAsync(tar(members)));
        expect(await readAll(bytes, piece)).toEqual(
          members.map((made) => ({
            name: made.name,
            type: made.type ?? '0',
            link: made.link ?? '',
            body: sha256((made.body as Uint8Array | undefined) ?? Buffer.alloc(0)),
          })),
        );
      },
    ),
  );
});

it('refuses a tar that is cut off anywhere', async () => {
  const bytes = tarOf(
    entry({ name: 'a' }, Buffer.from('body')),
    paxHeader({ path: 'b' }),
    entry({ name: 'c' }),
  );
  // Between two entries, and in the second block of the end, only the end itself is what is missing.
  const between = [0, 1024, bytes.length - 1024];
  for (let cut = 0; cut < bytes.length; cut += 1) {
    const isEnd = between.includes(cut) || cut >= bytes.length - 512;
    const says = isEnd ? 'its end marker is missing' : 'it is cut off';
    await expect(readAll(bytes.subarray(0, cut))).rejects.toThrow(says);
  }
  expect(await readAll(bytes)).toHaveLength(2);
});

describe('what names and sizes may be written in', () => {
  const only = async (...parts: Uint8Array[]) => (await readAll(tarOf(...parts)))[0];
  const changed = (change: (block: Buffer) => void, body = Buffer.alloc(0)) => {
    const block = tarHeader({ name: 'file', size: body.length });
    change(block);
    return Buffer.concat([
      withChecksum(block),
      body,
      Buffer.alloc((512 - (body.length % 512)) % 512),
    ]);
  };

  it('a prefix', async () => {
    expect(await only(changed((block) => block.write('some/folder', 345)))).toMatchObject({
      name: 'some/folder/file',
    });
  });

  it('no prefix where the header is GNU’s, which has times there', async () => {
    const gnu = changed((block) => {
      block.write('ustar  \0', 257);
      block.write('14123456701', 345);
    });
    expect(await only(gnu)).toMatchObject({ name: 'file' });
  });

  it('a name of exactly 100 bytes, without a NUL', async () => {
    expect(await only(entry({ name: 'n'.repeat(100) }))).toMatchObject({ name: 'n'.repeat(100) });
  });

  it('GNU’s long name and long link', async () => {
    const long = 'x/'.repeat(120);
    expect(
      await only(
        entry({ name: '././@LongLink', type: 'L' }, Buffer.from(`${long}name\0`)),
        entry({ name: '././@LongLink', type: 'K' }, Buffer.from(`${long}link\0`)),
        entry({ name: 'cut', type: '2', link: 'cut' }),
      ),
    ).toMatchObject({ name: `${long}name`, link: `${long}link` });
  });

  it('a size in base 256, and one in a pax header', async () => {
    const body = Buffer.alloc(1000, 'b');
    const base256 = changed((block) => {
      block.fill(0, 124, 136);
      block[124] = 0x80;
      block.writeUInt32BE(1000, 132);
    }, body);
    expect(await only(base256)).toMatchObject({ body: sha256(body) });
    const pax = Buffer.concat([
      paxHeader({ size: '1000' }),
      tarHeader({ name: 'x' }),
      body,
      Buffer.alloc(24),
    ]);
    expect(await only(pax, entry({ name: 'next' }))).toMatchObject({ body: sha256(body) });
  });

  it('a size of 8 GiB and more', async () => {
    const size = 9 * 1024 ** 3;
    const [header] = [tar([{ name: 'huge', size, body: async function* () {} }])];
    const reader = new TarReader(header, caps);
    expect(await reader.next()).toMatchObject({ name: 'huge', size });
  });
});
