import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll } from 'vitest';
import { startTaskcluster, type LocalTaskcluster } from '../../local/taskcluster.ts';
import { sha256Of } from '../../local/taskcluster/certificate.ts';
import { publishBuild } from '../../local/builds.ts';
import { image, revision, someBytes } from '../helpers/taskcluster/setting.ts';
import { certificateContract, claimed, type Vector } from './certificate.ts';

let taskcluster: LocalTaskcluster;
let vector: Vector;
beforeAll(async () => {
  taskcluster = await startTaskcluster();
  const archive = someBytes(1000);
  const { taskId } = await publishBuild(taskcluster, { image, revision, archive });
  const left = taskcluster.tasks.get(taskId)?.artifacts.get(0);
  const bytesOf = (name: string): Uint8Array => {
    const artifact = left?.get(name);
    if (!artifact || !('content' in artifact) || !(artifact.content instanceof Uint8Array)) {
      throw new Error(`no ${name}`);
    }
    return gunzipSync(artifact.content);
  };
  const document = bytesOf('public/chain-of-trust.json');
  const signed = { document, signature: bytesOf('public/chain-of-trust.json.sig') };
  const now = new Date().toISOString();
  vector = {
    signed,
    subject: claimed(signed, { resolved: now, expires: now }),
    key: taskcluster.key,
    artifact: ['public/image.tar.zst', sha256Of(archive)],
  };
});
afterAll(() => taskcluster.close());

certificateContract('a certificate of the small Taskcluster', () => vector);
