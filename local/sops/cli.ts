import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { isMap, isScalar, isSeq } from 'yaml';
import { decryptSops, SopsError } from './decrypt.ts';

const usage = 'usage: sops decrypt [--output-type json|yaml] FILE';

/**
 * The part of the `sops` command that the local workspace needs: `decrypt` of files for age recipients, and
 * `--version`. Plaintext on stdout, problems on stderr; gives the real exit codes.
 */
export async function runSops(args: readonly string[]): Promise<number> {
  try {
    process.stdout.write(await answer(args));
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof SopsError ? error.message : usage}\n`);
    return error instanceof SopsError ? error.exitCode : 1;
  }
}

async function answer(args: readonly string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      version: { type: 'boolean' },
      'disable-version-check': { type: 'boolean' },
      'output-type': { type: 'string' },
    },
  });
  if (values.version) return 'sops 3.11.0 (stand-in of the local workspace)\n';
  const [verb, file] = positionals;
  const outputType = values['output-type'] ?? (file?.endsWith('.json') ? 'json' : 'yaml');
  if (verb !== 'decrypt' || !file || positionals.length !== 2)
    throw new SopsError('generic', usage);
  if (outputType !== 'json' && outputType !== 'yaml') throw new SopsError('generic', usage);
  const document = await decryptSops(await read(file), await identities());
  return outputType === 'json' ? `${toJson(document.contents)}\n` : document.toString();
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw missing
      ? new SopsError('noFile', `Error: cannot operate on non-existent file`)
      : new SopsError('unreadable', 'Error reading file');
  }
}

async function identities(): Promise<readonly string[]> {
  const file = process.env['SOPS_AGE_KEY_FILE'];
  if (!file) throw new SopsError('noKey', 'Failed to get the data key: no SOPS_AGE_KEY_FILE');
  try {
    const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
    return lines.filter((line) => line.startsWith('AGE-SECRET-KEY-1'));
  } catch {
    throw new SopsError('noKey', 'Failed to get the data key: SOPS_AGE_KEY_FILE cannot be read');
  }
}

/** JSON in the order of the document: a JavaScript object would put keys that look like numbers first. */
function toJson(node: unknown): string {
  if (isSeq(node)) return `[${node.items.map(toJson).join(', ')}]`;
  if (isScalar(node)) return JSON.stringify(node.value);
  if (!isMap(node)) return 'null';
  const members = node.items.map(({ key, value }) => `${toJson(key)}: ${toJson(value)}`);
  return `{${members.join(', ')}}`;
}
