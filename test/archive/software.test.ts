import { describe, expect, it } from 'vitest';
import { makeLayer, type LayerFile } from '../../local/layer.ts';
import { paxHeader, tarHeader, withChecksum } from '../../local/tar.ts';
import { lookInto, mercurialIn } from '../../src/archive/software.ts';
import { entry, inChunks, tarOf } from '../helpers/archive/parts.ts';

const dpkg = (version: string) => ({
  'var/lib/dpkg/status': `Package: mercurial\nStatus: install ok installed\nVersion: ${version}\n`,
});
const purged = { 'var/lib/dpkg/status': 'Package: bash\nVersion: 5\n' };
const debian = 'usr/lib/python3/dist-packages/mercurial';
const site = 'usr/local/lib/python3.11/site-packages';
const module = (version: string, folder = debian) => ({
  [`${folder}/__version__.py`]: `version = b"${version}"\n`,
});
const pip = (version: string, folder = site) => ({
  [`${folder}/mercurial-${version}.dist-info/METADATA`]: `Name: mercurial\nVersion: ${version}\n`,
});
/** What `rm -r` leaves in the layer above. */
const removed = (path: string) => ({
  [path.replace(/([^/]+)$/, '.wh.$1')]: '',
});
const emptied = (folder: string) => ({ [`${folder}/.wh..wh..opq`]: '' });

type Files = Readonly<Record<string, LayerFile>>;

async function versionThrough(...layers: readonly Files[]) {
  const built = await Promise.all(layers.map(makeLayer));
  const software = await Promise.all(built.map((layer) => lookInto(layer.open())));
  return mercurialIn(software);
}

describe('Mercurial’s version in an image', () => {
  it.each<[string, Files[], string | undefined]>([
    ['none', [{ 'bin/sh': '' }], undefined],
    ['no layers', [], undefined],
    ['a Debian package', [{ 'bin/sh': '' }, dpkg('6.3.2-1')], '6.3.2'],
    ['only the module', [module('6.1')], '6.1'],
    ['only what pip notes', [pip('6.8')], '6.8'],
    ['package before module before notes', [{ ...pip('3'), ...module('2'), ...dpkg('1-1') }], '1'],
    ['module before notes', [{ ...pip('3'), ...module('2') }], '2'],
    ['a package that was upgraded', [dpkg('6.1-1'), { 'bin/sh': '' }, dpkg('6.8-1')], '6.8'],
    ['a package that was downgraded', [dpkg('6.8-1'), dpkg('6.1-1')], '6.1'],
    ['a package that was removed', [dpkg('6.8-1'), purged], undefined],
    [
      'a package that was removed, its files too',
      [
        { ...dpkg('6.8-1'), ...module('6.8') },
        { ...purged, ...removed(debian) },
      ],
      undefined,
    ],
    [
      'a package that was removed and what pip put in its place',
      [{ ...dpkg('6.1-1'), ...module('6.1') }, { ...purged, ...removed(debian) }, pip('6.8')],
      '6.8',
    ],
    [
      'a file that was removed',
      [pip('6.8'), removed(`${site}/mercurial-6.8.dist-info/METADATA`)],
      undefined,
    ],
    ['its folder removed', [pip('6.8'), removed(`${site}/mercurial-6.8.dist-info`)], undefined],
    ['a folder far above removed', [pip('6.8'), removed('usr/local')], undefined],
    ['everything of a folder removed', [pip('6.8'), emptied(site)], undefined],
    ['everything removed', [pip('6.8'), emptied('.')], undefined],
    ['a folder beside removed', [pip('6.8'), removed('usr/local/lib/python3.1')], '6.8'],
    [
      'removed and put back in one layer',
      [pip('6.8'), { ...removed('usr/local'), ...pip('6.9') }],
      '6.9',
    ],
    ['emptied and put back in one layer', [pip('6.8'), { ...emptied(site), ...pip('6.9') }], '6.9'],
    [
      'an upgrade by pip',
      [pip('6.1'), { ...removed(`${site}/mercurial-6.1.dist-info`), ...pip('6.8') }],
      '6.8',
    ],
    [
      'two of them: the newer layer’s',
      [pip('6.1', 'opt/a/site-packages'), pip('6.8'), { x: '' }],
      '6.8',
    ],
    ['two of them the other way', [pip('6.8'), pip('6.1', 'opt/a/site-packages')], '6.1'],
    [
      'a link in the place of the folder',
      [module('6.1'), { [debian]: { symlink: '/opt/hg' } }],
      undefined,
    ],
    [
      'a link in the place of a folder above',
      [pip('6.8'), { 'usr/local': { symlink: '/opt' } }],
      undefined,
    ],
    [
      'a link in the place of the file',
      [dpkg('6.1-1'), { 'var/lib/dpkg/status': { symlink: 'x' } }],
      undefined,
    ],
  ])('%s', async (_, layers, version) => {
    expect(await versionThrough(...layers)).toBe(version);
  });

  it('is unknown where a layer can’t be understood, whatever the others say', async () => {
    const layer = await lookInto((await makeLayer(dpkg('6.8-1'))).open());
    expect(mercurialIn([layer])).toBe('6.8');
    expect(mercurialIn([layer, undefined])).toBeUndefined();
  });
});

it('fails as the layer’s source fails, in the middle of its tar or behind it', async () => {
  const error = new Error('connection reset');
  const whole = tarOf(entry({ name: 'x' }, Buffer.from('y')));
  for (const start of [whole.subarray(0, 700), whole, Buffer.alloc(700, 'x')]) {
    const broken = async function* () {
      yield start;
      throw error;
    };
    await expect(lookInto(broken())).rejects.toBe(error);
  }
});

describe('a foreign tar inside of a layer', () => {
  const status = entry(
    { name: 'var/lib/dpkg/status' },
    Buffer.from(dpkg('6.8-1')['var/lib/dpkg/status']),
  );
  const noBlock = (name: string, type: string) => tarHeader({ name, type, link: 'x' });

  /** Reads the layer, and tells whether it was read to its end. */
  async function look(bytes: Uint8Array) {
    let ended = false;
    const source = async function* () {
      yield* inChunks(bytes, 1000);
      ended = true;
    };
    const software = await lookInto(source());
    return { ended, version: software && mercurialIn([software]) };
  }

  it.each([
    [
      'devices, fifos, links',
      ['1', '2', '3', '4', '5', '6'].map((type) => noBlock(`dev/${type}`, type)),
    ],
    ['a hard link that gives a size', [tarHeader({ name: 'a', type: '1', link: 'b', size: 5000 })]],
    ['a global pax header', [entry({ name: 'g', type: 'g' }, Buffer.from('11 path=xy\n'))]],
    ['unknown types', [entry({ name: 'v', type: 'V' }, Buffer.from('volume'))]],
    ['names with .. and /', [entry({ name: '../../etc/passwd' }), entry({ name: '/abs' })]],
    ['the same name twice', [status]],
    ['a pax name of 500 bytes', [paxHeader({ path: 'x/'.repeat(250) }), entry({ name: 'x' })]],
    [
      'a GNU name of 500 bytes',
      [entry({ name: 'L', type: 'L' }, Buffer.alloc(500, 'x')), entry({ name: 'x' })],
    ],
    ['an old sparse file', [sparse(), Buffer.alloc(512), entry({ name: 'y' })]],
    [
      'whiteouts without a name',
      [entry({ name: '.wh.' }), entry({ name: 'var/lib/dpkg/.wh.' }), entry({ name: '.wh...' })],
    ],
    ['aufs’ own notes', [entry({ name: '.wh..wh.plnk/1.2' }), entry({ name: '.wh..wh.aufs' })]],
  ])('may hold %s', async (_, entries) => {
    expect(await look(tarOf(...entries, status))).toEqual({ ended: true, version: '6.8' });
  });

  it.each([
    [
      './ in front of names',
      tarOf(
        entry(
          { name: './var/lib/dpkg/status' },
          Buffer.from('Package: mercurial\nVersion: 6.8-1\n'),
        ),
      ),
    ],
    ['no end marker', status],
    ['bytes behind the end', Buffer.concat([tarOf(status), Buffer.alloc(4000, 'x')])],
  ])('may have %s', async (_, bytes) => {
    expect(await look(bytes)).toEqual({ ended: true, version: '6.8' });
  });

  it.each([
    ['no tar at all', Buffer.alloc(10_000, 'x')],
    ['a wrong checksum', tarOf(status, Buffer.alloc(512, 'x'))],
    [
      'an end in the middle',
      tarOf(status, entry({ name: 'x' }, Buffer.alloc(5000))).subarray(0, 3000),
    ],
    ['a pax header without end', tarOf(status, tarHeader({ name: 'x', type: 'x', size: 2 ** 30 }))],
    [
      'a pax header that is garbage',
      tarOf(status, entry({ name: 'x', type: 'x' }, Buffer.from('garbage'))),
    ],
    [
      'too many places',
      tarOf(
        status,
        ...Array.from({ length: 1001 }, (_, n) =>
          entry({ name: `site-packages/mercurial-${n}.egg-info` }),
        ),
      ),
    ],
    [
      'too many whiteouts',
      tarOf(status, ...Array.from({ length: 100_001 }, (_, n) => tarHeader({ name: `.wh.${n}` }))),
    ],
  ])('is read to its end and tells nothing where it is %s', async (_, bytes) => {
    expect(await look(bytes)).toEqual({ ended: true, version: undefined });
  });

  it('tells nothing of a file that is too large to be what it says', async () => {
    const told = Buffer.from('Package: mercurial\nVersion: 6.8-1\n');
    const sized = (size: number) =>
      tarOf(entry({ name: 'var/lib/dpkg/status' }, Buffer.concat([told], size)));
    expect(await look(sized(1024 ** 2))).toEqual({ ended: true, version: '6.8' });
    expect(await look(sized(17 * 1024 ** 2))).toEqual({ ended: true, version: undefined });
  });

  it('tells nothing of a file whose name leads outside', async () => {
    const file = Buffer.from('version = b"6.8"\n');
    const name = 'site-packages/mercurial/__version__.py';
    expect(await look(tarOf(entry({ name }, file)))).toMatchObject({ version: '6.8' });
    expect(await look(tarOf(entry({ name: `../${name}` }, file)))).toEqual({
      ended: true,
      version: undefined,
    });
  });

  function sparse() {
    const block = tarHeader({ name: 'x', type: 'S', size: 512 });
    block[482] = 1;
    const map = Buffer.alloc(512);
    return Buffer.concat([withChecksum(block), map]);
  }
});
