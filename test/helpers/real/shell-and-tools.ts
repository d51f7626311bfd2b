import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { makeLayer, type LayerFile } from '../../../local/layer.ts';

const exec = promisify(execFile);

/** The same, published on a registry of this machine: gives the image by its digest there. */
export async function publishTools(docker: Docker, image: string): Promise<string> {
  await importTools(docker, image);
  const found = docker.getImage(image);
  const progress = await found.push({ authconfig: { username: 'nobody', password: 'nothing' } });
  await new Promise((resolve) => docker.modem.followProgress(progress, resolve));
  const [named = ''] = (await found.inspect()).RepoDigests ?? [];
  return `${image}@${named.split('@')[1]}`;
}

/** Puts an image with a shell into the engine, as `docker import` does it: from the files of a root. */
export async function importTools(
  docker: Docker,
  image: string,
  changes: readonly string[] = [],
): Promise<void> {
  const { open } = await makeLayer(await shellAndTools());
  const [repo, tag] = image.split(/:(?=[^:/]*$)/);
  const progress = await docker.importImage(Readable.from(open()), {
    repo,
    tag,
    changes: [...changes],
  });
  await new Promise((resolve) => docker.modem.followProgress(progress, resolve));
}

/** A shell, a few tools and the libraries that they need, out of this machine. */
async function shellAndTools(): Promise<Record<string, LayerFile>> {
  const files: Record<string, LayerFile> = {};
  const add = async (path: string, at = path) => {
    files[at.slice(1)] = { contents: await readFile(path), mode: 0o755 };
  };
  for (const tool of ['cat', 'ls', 'sleep', 'rm', 'ln', 'mv', 'head', 'mkdir']) {
    const path = (await exec('sh', ['-c', `command -v ${tool}`])).stdout.trim();
    await add(path, `/bin/${tool}`);
    const { stdout } = await exec('ldd', [path]);
    for (const [library] of stdout.matchAll(/\/\S+/g)) await add(library);
  }
  await add('/bin/sh');
  return files;
}
