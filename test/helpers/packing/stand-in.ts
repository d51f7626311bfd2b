import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** What a program called igzip may do instead of its work. */
export type Behaviour =
  | 'compresses'
  | 'drips'
  | 'fails'
  | 'loses a byte'
  | 'hangs'
  | 'is a text'
  | 'dies';

const compress = `const z = require('node:zlib').createGzip({ level: 1 }); process.stdin.pipe(z).pipe(process.stdout);`;
const programs: Readonly<Record<Behaviour, string>> = {
  compresses: compress,
  drips: `const bytes = require('node:zlib').gzipSync(require('node:fs').readFileSync(0));
let at = 0;
const dripping = setInterval(() => {
  process.stdout.write(bytes.subarray(at, (at += 8)));
  if (at >= bytes.length) clearInterval(dripping);
}, 2);`,
  fails: `process.stdin.resume().on('end', () => process.exit(1));`,
  'loses a byte': `process.stdin.once('data', (first) => { process.stdin.unshift(first.subarray(1)); ${compress} });`,
  hangs: `setInterval(() => undefined, 1000);`,
  'is a text': `process.stdin.resume(); process.stdout.write('this is no gzip file at all');`,
  dies: `process.stdin.once('data', () => process.kill(process.pid, 'SIGKILL'));`,
};

/** A folder with a program in it that goes by the name of igzip. */
export async function folderWithIgzip(
  behaviour: Behaviour,
  version = 'igzip command line interface 2.30.0',
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-igzip-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const script = `#!${process.execPath}
if (process.argv.includes('--version')) console.log(${JSON.stringify(version)});
else { ${programs[behaviour]} }
`;
  await writeFile(join(folder, 'igzip'), script);
  await chmod(join(folder, 'igzip'), 0o755);
  return folder;
}
