import { execa } from 'execa';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Revision } from '../src/domain/reference.ts';

export interface LocalTree {
  /** `file:` URL of the repository. */
  readonly url: string;
  readonly folder: string;
  /** The commit it is at. */
  readonly revision: Revision;
}

/** A git repository with these files on `main`, committed once. Needs nothing of the machine’s git configuration. */
export async function makeTree(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<LocalTree> {
  await mkdir(folder, { recursive: true });
  for (const [path, contents] of Object.entries(files)) {
    const full = join(folder, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, contents);
  }
  await git(folder, ['init', '--quiet', '--initial-branch=main']);
  await git(folder, ['add', '--all']);
  await git(folder, ['commit', '--quiet', '--message', 'The tree as it is']);
  const { stdout } = await git(folder, ['rev-parse', 'HEAD']);
  return { url: pathToFileURL(folder).href, folder, revision: Revision.parse(stdout.trim()) };
}

function git(cwd: string, args: readonly string[]) {
  const who = ['-c', 'user.name=Local Workspace', '-c', 'user.email=local@example.org'];
  const plain = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  return execa('git', [...who, '-c', 'commit.gpgsign=false', ...args], { cwd, env: plain });
}

/** A hook template of fxci-config, with the pin where the real ones have it. */
export function hookTemplate(name: string, pin: string): string {
  return `---
name: ${name}
description: Runs build-decision for a push
owner: mozilla-taskcluster-maintenance@mozilla.com
emailOnError: true
task:
  provisionerId: infra
  workerType: build-decision
  payload:
    # built by pushes to the fxci-config repository
    image: ${pin}
    env:
      TASKCLUSTER_ROOT_URL: https://firefox-ci-tc.services.mozilla.com
    command:
      - build-decision
      - ${name}
    maxRunTime: 1800
`;
}

/** The decision task’s part of a taskgraph-based \`.taskcluster.yml\`. */
export function taskclusterYml(pin: string, cache: string): string {
  return `---
version: 1
reporting: checks-v1
tasks:
  - taskId: \${ownTaskId}
    payload:
      cache:
        "\${trustDomain}-level-\${level}-${cache}": /builds/worker/checkouts
      features:
        taskclusterProxy: true
      image: ${pin}
      maxRunTime: 1800
`;
}

/** taskgraph’s docker_image transform: the pin is cut over three string literals. */
export function dockerImagePy(pin: string): string {
  const [tagged = '', hex = ''] = pin.split('@sha256:');
  return `# Any copyright is dedicated to the public domain.

IMAGE_BUILDER_IMAGE = (
    "${tagged}"
    "@sha256:"
    "${hex}"
)
`;
}
