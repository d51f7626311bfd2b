import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/config.ts';
import { explain, isRefusal, PromotionError } from '../../src/domain/errors.ts';
import { Revision } from '../../src/domain/reference.ts';
import { Secret } from '../../src/domain/secret.ts';
import { sourceOf } from '../../src/taskcluster/builds.ts';
import { credentialsFrom } from '../../src/taskcluster/credentials.ts';
import { tryRights } from '../../src/taskcluster/rights.ts';
import {
  download,
  image,
  revision,
  setting,
  shortTimeouts,
  someBytes,
  trusted,
} from '../helpers/taskcluster/setting.ts';

const given = setting();
const archive = someBytes(1000);
const token = 'canary-token-0123456789';
const credentials = { clientId: 'project/releng/promote-image', accessToken: new Secret(token) };

/** The signature of an address as Hawk makes it. @see https://github.com/mozilla/hawk/blob/main/API.md#single-uri-authorization */
function isSigned(url: URL): boolean {
  const bewit = Buffer.from(url.searchParams.get('bewit') ?? '', 'base64url').toString();
  const [id, expires, mac, ext = ''] = bewit.split('\\');
  const resource = url.pathname + url.search.replace(/[?&]bewit=[^&]*/, '');
  const lines = ['hawk.1.bewit', expires, '', 'GET', resource, url.hostname, url.port, '', ext, ''];
  const own = createHmac('sha256', token).update(lines.join('\n')).digest('base64');
  const seconds = Number(expires) - Date.now() / 1000;
  return id === credentials.clientId && mac === own && seconds > 0 && seconds <= 900;
}

describe('with credentials', () => {
  it('every request to queue and index is signed, for itself; the storage gets nothing of it', async () => {
    const { taskcluster, builds, publish } = given();
    const published = await publish({ archive });
    const asking = builds({ credentials });
    const ask = { by: 'revision', revision: Revision.parse(revision) } as const;
    expect(await asking.find(image, ask)).toBe(published.taskId);
    await asking.find(image, { by: 'latest' });
    await download(asking, await trusted(asking, published));
    const { requests, rootUrl } = taskcluster;
    const places = new Set(requests.map(({ at }) => at));
    expect([...places].toSorted()).toEqual(['index', 'queue', 'storage']);
    for (const { at, path, search } of requests) {
      const encoded = path.split('/').map(encodeURIComponent).join('/');
      const url = new URL(`/api/${at}/v1${addressOf(at, path) ?? encoded}${search}`, rootUrl);
      expect(at === 'storage' ? !search.includes('bewit') : isSigned(url)).toBe(true);
    }
    const storage = requests.filter(({ at }) => at === 'storage');
    expect(JSON.stringify(storage)).not.toMatch(/bewit|canary|promote-image\/|authorization/);
    expect(JSON.stringify(requests)).not.toContain(token);
  });

  /** An artifact’s name is one part of the address. */
  function addressOf(at: string, path: string): string | undefined {
    const [, before, name] = /^(.*\/(?:artifacts|artifact-info)\/)(.+)$/.exec(path) ?? [];
    return at === 'queue' && name ? `${before}${encodeURIComponent(name)}` : undefined;
  }

  it('that Taskcluster does not take, that is told, and nothing of them', async () => {
    const { taskcluster, builds, publish } = given();
    const { taskId } = await publish({ archive });
    const body = JSON.stringify({ code: 'AuthenticationFailed', message: 'Bad mac\n---\nmore' });
    const fault = { at: 'queue', fault: 'status', status: 401, times: 9, body } as const;
    const counted = { ...fault, times: 9 };
    taskcluster.faults.push(counted);
    const error = await builds({ credentials, timeouts: shortTimeouts })
      .verify(image, taskId)
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof PromotionError)) throw new Error('nothing was thrown');
    const says = explain(error.refusal);
    expect(says).toContain('(AuthenticationFailed: Bad mac)');
    expect(says).toContain('TASKCLUSTER_CLIENT_ID');
    expect(says + String(error.stack)).not.toMatch(/canary|bewit/);
    expect(counted.times).toBe(8);
  });

  it('come from the environment, whole or not at all', () => {
    const slack = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
    const read = (more: Record<string, string>) => readEnvironment({ ...slack, ...more });
    const whole = read({ TASKCLUSTER_CLIENT_ID: 'a/b', TASKCLUSTER_ACCESS_TOKEN: token });
    if (!whole.ok) throw new Error('not read');
    expect(credentialsFrom(whole.value)?.accessToken.reveal()).toBe(token);
    expect(JSON.stringify(whole)).not.toContain(token);
    for (const part of [
      { TASKCLUSTER_CLIENT_ID: 'a/b' },
      { TASKCLUSTER_ACCESS_TOKEN: token },
      { TASKCLUSTER_CERTIFICATE: '{}' },
      { TASKCLUSTER_CLIENT_ID: 'a b', TASKCLUSTER_ACCESS_TOKEN: token },
      {
        TASKCLUSTER_CLIENT_ID: 'a/b',
        TASKCLUSTER_ACCESS_TOKEN: token,
        TASKCLUSTER_CERTIFICATE: token,
      },
    ]) {
      const problems = JSON.stringify(read(part));
      expect(problems).toMatch(/"ok":false.*TASKCLUSTER_/);
      expect(problems).not.toContain(token);
    }
    const nobody = read({});
    expect(nobody.ok && credentialsFrom(nobody.value)).toBeUndefined();
  });
});

describe('rights that are missing', () => {
  it.each([
    ['/status', 'queue:status:*'],
    ['/artifact-info/', 'queue:list-artifacts:*'],
    ['/artifacts/public', 'queue:get-artifact:public/*'],
  ])('are all named, each by its own attempt: %s', async (path, scope) => {
    const { taskcluster, publish } = given();
    const { taskId } = await publish({ archive });
    const source = sourceOf({ rootUrl: taskcluster.rootUrl, timeouts: shortTimeouts });
    expect(await tryRights(source, image.build)).toEqual({ newest: taskId, missing: [] });
    forbid('queue', path);
    expect(await tryRights(source, image.build)).toEqual({ newest: taskId, missing: [scope] });
    taskcluster.faults.length = 0;
    forbid('queue', '');
    expect((await tryRights(source, image.build)).missing).toHaveLength(4);
    forbid('index', '');
    const missing = ['index:find-task:*'];
    expect(await tryRights(source, image.build)).toEqual({ newest: undefined, missing });
  });

  it('to list the index keep no commit from its build', async () => {
    const { builds, publish } = given();
    const { taskId } = await publish({ archive });
    forbid('index', '/tasks/');
    const ask = { by: 'revision', revision: Revision.parse(revision) } as const;
    const found = await builds().find(image, ask);
    expect(isRefusal(found) ? found.reason : found).toBe(taskId);
  });

  function forbid(at: 'queue' | 'index', path: string): void {
    const body = JSON.stringify({ code: 'InsufficientScopes', message: 'queue:x:y' });
    given().taskcluster.faults.push({ at, path, fault: 'status', status: 403, times: 99, body });
  }
});
