import { interruption, fail, PromotionError, refuse, type Refusal } from '../domain/errors.ts';
import type { Packed } from '../packing/protocol.ts';
import type { Sink } from '../packing/thread.ts';
import type { Digest } from '../domain/reference.ts';
import type { Answer, Client } from './client.ts';
import { isSuccess, single } from './http.ts';
import { LostUpload } from './lost-upload.ts';
import { blobSize, isOfSize } from './read-back.ts';
import { Transient } from './retry.ts';
import { cancelSession, offsetOf, openSession, pushing, sessionStatus } from './session.ts';
import type { UploadOptions } from './upload-options.ts';
import { sending, Window } from './window.ts';

/** Statuses by which a registry says that it has no such upload, or does not take it so. */
const refusals = [400, 404, 405, 411, 413, 416, 501];

/**
 * One blob under way, in chunks: what the registry has confirmed is forgotten, what it has not can be sent again, so a
 * broken connection costs a chunk at most.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks
 */
export class Upload implements Sink {
  readonly #options: UploadOptions;
  readonly #window: Window;
  #packed: Packed | undefined;
  #location: URL | undefined;
  /** The session did not take the blob's beginning: it has something of it already. */
  #isBegun = false;
  /** A session did not take the blob's beginning. */
  #isRefused = false;
  /** Answers since the last that brought it any further. */
  #setbacks = 0;
  /** What went wrong last: why bytes are lost. */
  #trouble: Refusal | undefined;
  /** The blob is there. Fails with a PromotionError or a LostUpload. */
  readonly done: Promise<Packed>;

  /** `location`: a session that is open already. */
  constructor(options: UploadOptions, location?: URL) {
    this.#options = options;
    this.#window = new Window(options.room);
    this.#location = location;
    this.done = this.#send();
    this.done.catch((error: unknown) => this.#window.fail(error));
  }

  /** Takes the blob in, as fast as it goes out; lets the bytes go when the registry has confirmed them. */
  async add(piece: Uint8Array, letGo?: () => void): Promise<void> {
    await this.#window.add(piece, letGo);
  }

  /** That was all of it. The registry compares it with the digest. */
  finish(packed: Packed): void {
    this.#packed = packed;
    this.#window.finish();
  }

  /** Ends it, and has the registry forget what there is of it. `client` is one that may still ask. Never fails. */
  async cancel(client: Client): Promise<void> {
    this.#window.fail(interruption(client.signal));
    await this.done.catch(() => undefined);
    if (this.#location) await cancelSession(client, this.#options.name, this.#location);
  }

  async #send(): Promise<Packed> {
    const { chunks } = this.#options;
    const window = this.#window;
    if (chunks === 'stream') return await this.#sendStream();
    for (;;) {
      await window.filled(chunks.least);
      const to = window.upTo(chunks.most);
      if (window.isEnded && to === window.end) return await this.#finish();
      await this.#sendChunk(to);
    }
  }

  async #sendChunk(to: number): Promise<void> {
    const { what, client } = this.#options;
    const isThere = async (): Promise<boolean> => false;
    await this.#persist(isThere, async () => {
      if (this.#window.start >= to) return;
      const answer = await this.#put({ method: 'PATCH', to });
      if (!isSuccess(answer.status)) return await this.#refused(answer, 'chunks-refused');
      const next = answer.header('location');
      if (next) this.#location = client.locate(next, { from: client.url(this.#at()), what });
      const offset = offsetOf(answer, what) ?? to;
      // Some tell the first byte that is missing instead of the last that is there.
      this.#confirm(offset === to + 1 ? to : offset, { status: answer.status, to });
      if (this.#window.start < to) throw this.#setback(this.#failure(answer.status));
    });
  }

  /** Nothing of it can be sent again: whatever goes wrong, the push must start over. */
  async #sendStream(): Promise<Packed> {
    const { client, name, what } = this.#options;
    this.#location ??= await openSession(client, this.#options);
    try {
      const answer = await client.open({
        what,
        method: 'PATCH',
        at: this.#at(),
        scope: pushing(name),
        headers: { 'content-type': 'application/octet-stream' },
        body: () => this.#flow(),
        expect: ['success', 404],
      });
      await answer.body.dump();
      if (answer.status === 404) throw this.#lost(404);
      const next = answer.header('location');
      if (next) this.#location = client.locate(next, { from: this.#at(), what });
    } catch (error) {
      throw error instanceof Transient ? new LostUpload(error.refusal, 'bytes-lost') : error;
    }
    await this.#window.filled(Infinity);
    return await this.#finish();
  }

  async *#flow(): AsyncGenerator<Uint8Array> {
    const window = this.#window;
    // Asked again, with another token: what went out is not there to be sent again.
    if (window.start > 0) throw this.#lost(401);
    for (;;) {
      await window.filled(1);
      if (window.start === window.end) return;
      const to = window.end;
      yield* window.slice(to);
      window.confirm(to);
      this.#options.onSent(to);
    }
  }

  async #finish(): Promise<Packed> {
    const { client, name, what } = this.#options;
    const size = this.#window.end;
    const digest = this.#packed?.digest;
    if (!digest || this.#packed?.size !== size) throw new Error(`${what} took ${size} bytes`);
    // It may have been the reply that was lost, not the request.
    const isThere = async () => isOfSize(await blobSize(client, name, digest), size);
    await this.#persist(isThere, async () => {
      const answer = await this.#put({ method: 'PUT', to: size, digest });
      if (!isSuccess(answer.status)) return await this.#refused(answer, 'bytes-lost');
      if ((single(answer, 'docker-content-digest') ?? digest) !== digest) {
        fail('registry-nonsense', { what, problem: 'it was stored under another digest' });
      }
    });
    this.#location = undefined;
    this.#window.confirm(size);
    return { digest, size };
  }

  /** Tries again from wherever the registry says it is. */
  async #persist(isThere: () => Promise<boolean>, attempt: () => Promise<void>): Promise<void> {
    const { client } = this.#options;
    let isAgain = false;
    await client.pace.persist(async () => {
      if (isAgain && (await isThere())) return;
      if (isAgain || !this.#location) await this.#resume();
      isAgain = true;
      await attempt().catch((error: unknown) => {
        if (error instanceof Transient) this.#trouble = error.refusal;
        throw error;
      });
    }, client.signal);
  }

  async #resume(): Promise<void> {
    const { client, name } = this.#options;
    const status = this.#location && (await sessionStatus(client, this.#options, this.#location));
    // A registry tells of one byte as it tells of none: `0-0`.
    const isUnclear = status?.offset === 0 && this.#isBegun;
    if (isUnclear) await cancelSession(client, name, status.location);
    if (status && status.offset !== undefined && !isUnclear) {
      this.#location = status.location;
      return this.#confirm(status.offset, { status: 416, to: this.#window.end });
    }
    // The session is gone: as long as every byte is still here, another one does as well.
    if (this.#window.start > 0) throw this.#lost(404);
    this.#location = await openSession(client, this.#options);
    this.#isBegun = false;
  }

  async #put(part: { method: 'PATCH' | 'PUT'; to: number; digest?: Digest }): Promise<Answer> {
    const { client, name, what, onSent } = this.#options;
    const { method, to, digest } = part;
    const at = this.#at();
    if (digest) at.searchParams.set('digest', digest);
    const from = this.#window.start;
    const size = to - from;
    const isPart = size > 0 && (method === 'PATCH' || from > 0);
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(size),
      ...(isPart ? { 'content-range': `${from}-${to - 1}` } : {}),
    };
    const body = size === 0 ? undefined : () => sending(this.#window, to, onSent);
    const expect = ['success', ...refusals] as const;
    return await client.attempt({
      what,
      method,
      at,
      scope: pushing(name),
      headers,
      body,
      size,
      expect,
    });
  }

  #at(): URL {
    if (!this.#location) throw this.#lost(404);
    return new URL(this.#location);
  }

  #confirm(offset: number, { status, to }: { status: number; to: number }): void {
    if (offset < this.#window.start || offset > to) throw this.#lost(status);
    if (offset > this.#window.start) this.#setbacks = 0;
    this.#window.confirm(offset);
  }

  /** Once it may have been a chance; who gets no further twice gets no further that way. */
  #setback(refusal: Refusal): Error {
    this.#setbacks += 1;
    return this.#setbacks > 1 ? new LostUpload(refusal, 'bytes-lost') : new Transient(refusal);
  }

  #lost(status: number): LostUpload {
    return new LostUpload(this.#trouble ?? this.#failure(status), 'bytes-lost');
  }

  async #refused(answer: Answer, because: LostUpload['because']): Promise<never> {
    const { client, what } = this.#options;
    const { status } = answer;
    const isFirst = this.#window.start === 0;
    const error = await client.failure(answer, { what, method: 'PATCH' });
    // No room, no such repository: sent in another way it is no better.
    if (!(error instanceof PromotionError) || error.reason !== 'registry-refused') throw error;
    // A fresh session that takes no beginning either does not take so much of it.
    const isTooMuch = status === 413 || (status === 416 && isFirst && this.#isRefused);
    if (isTooMuch) throw new LostUpload(error.refusal, 'chunks-refused');
    if (status === 416) this.#isBegun = this.#isRefused = isFirst;
    const isLost = status === 404 || status === 416;
    if (isLost) throw this.#setback(this.#failure(status, client.quote(answer)));
    throw new LostUpload(error.refusal, because);
  }

  #failure(status: number, said = ''): Refusal {
    return refuse('registry-failed', { what: this.#options.what, status: String(status), said });
  }
}
