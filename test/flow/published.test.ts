import { expect, it } from 'vitest';
import { chain, genesis } from '../../src/domain/audit.ts';
import { newAuditKey, readAuditKeys, type AuditKeys } from '../../src/domain/audit-keys.ts';
import { publishedIn } from '../../src/flow/published.ts';
import { Digest } from '../../src/domain/reference.ts';
import type { ChainedEvent } from '../../src/domain/event.ts';

const registry = 'https://registry-1.docker.io';
const target = { name: 'mozillareleases/build-decision', tag: '1' };
const digest = Digest.parse(`sha256:${'a'.repeat(64)}`);
const other = Digest.parse(`sha256:${'b'.repeat(64)}`);
const ours = keys();

function keys(): AuditKeys {
  const read = readAuditKeys(newAuditKey());
  if (typeof read === 'string') throw new Error(read);
  return read;
}

function event(
  signedBy: AuditKeys | undefined,
  data: object = {},
  kind = 'promoted',
): ChainedEvent {
  const happened = {
    kind,
    actor: 'bot',
    at: '2026-11-30T20:00:00.000Z',
    promotion: 'p1',
    data: { state: 'promoted', registry, target, pushed: { digest, layers: [] }, ...data },
  };
  const chained = chain(happened, genesis);
  return { ...chained, signature: signedBy?.signer?.sign(chained.hash) };
}

function begun(signedBy: AuditKeys | undefined, data: object = {}): ChainedEvent {
  return event(
    signedBy,
    { state: 'pushing', pushed: undefined, tagging: { digest }, ...data },
    'tagging',
  );
}

function asked(log: readonly ChainedEvent[], known?: AuditKeys) {
  const events = async function* () {
    yield* log;
  };
  return publishedIn({ events, keys: known }, registry)(target, digest);
}

it('a digest is ours where our signed log says that we put it under this very tag', async () => {
  expect(await asked([event(ours, { pushed: { digest: other } }), event(ours)], ours)).toBe(true);
});

const edited = event(ours, { pushed: { digest: other } });
it('and where it says that an approved push was about to put it there when it was cut off', async () => {
  expect(await asked([begun(ours)], ours)).toBe(true);
});

it.each([
  ['the log is empty', []],
  ['a push was about to put another digest', [begun(ours, { tagging: { digest: other } })]],
  ['a push was about to put it elsewhere', [begun(ours, { registry: 'https://ghcr.io' })]],
  ['nobody signed that a push was about to put it', [begun(undefined)]],
  ['it is a push’s beginning that names it', [{ ...begun(ours), kind: 'pushing' }]],
  ['it was published under another tag', [event(ours, { target: { ...target, tag: '2' } })]],
  ['it was published under another name', [event(ours, { target: { ...target, name: 'x/y' } })]],
  ['it was published on another registry', [event(ours, { registry: 'https://ghcr.io' })]],
  ['another digest was published', [event(ours, { pushed: { digest: other } })]],
  ['the log does not say where', [event(ours, { target: null })]],
  ['nobody signed it', [event(undefined)]],
  ['somebody else signed it', [event(keys())]],
  ['the event was edited after it was signed', [{ ...edited, data: event(ours).data }]],
])('it is not ours where %s', async (_, log) => {
  expect(await asked(log, ours)).toBe(false);
});

it('nothing is ours to whoever has no key', async () => {
  expect(await asked([event(ours)])).toBe(false);
});
