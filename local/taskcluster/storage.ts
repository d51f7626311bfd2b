import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import {
  sizeOf,
  takeFault,
  type Content,
  type Fault,
  type StoredArtifact,
  type World,
} from './world.ts';

/**
 * The place where artifacts lie, as S3 and Google's storage behave: addresses that were signed, Range, and a stored
 * content-encoding that is sent whatever the client accepts. Paths are `/public-bucket/<taskId>/<runId>/<name>`, and
 * `/object-bucket/t/…` for what the object service keeps.
 */
export function serveStorage(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://storage');
  const path = decodeURIComponent(pathname);
  world.requests.push({ at: 'storage', path, search, headers: request.headers });
  const fault = takeFault(world, 'storage', path);
  const [taskId = '', runId = '', ...name] =
    /^\/(?:public-bucket|object-bucket\/t)\/(.*)$/s.exec(path)?.[1]?.split('/') ?? [];
  const artifact = world.tasks.get(taskId)?.artifacts.get(Number(runId))?.get(name.join('/'));
  if (!artifact || !('content' in artifact)) {
    response
      .writeHead(404, { 'content-type': 'application/xml' })
      .end('<Error><Code>NoSuchKey</Code></Error>');
    return;
  }
  if (fault && answerWith(fault, request, response)) return;
  sendContent({ artifact, fault, range: request.headers.range }, response);
}

/** Faults that need nothing of the content. */
export function answerWith(
  fault: Fault,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  switch (fault.fault) {
    case 'status':
      response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
      return true;
    case 'text':
      response.writeHead(200, { 'content-type': fault.type ?? 'text/html' }).end(fault.text);
      return true;
    case 'redirect': {
      const location = fault.to ?? request.url ?? '/';
      response.writeHead(302, { location }).end();
      return true;
    }
    case 'stall':
      return fault.after === undefined;
    default:
      return false;
  }
}

interface Sending {
  readonly artifact: StoredArtifact & { readonly content: Content };
  readonly fault: Fault | undefined;
  readonly range: string | undefined;
}

function sendContent({ artifact, fault, range }: Sending, response: ServerResponse): void {
  const content = compressed(artifact.content, fault);
  const size = sizeOf(content);
  const asked = /^bytes=(\d+)-$/.exec(range ?? '')?.[1];
  const start = startOf(asked, fault);
  if (asked !== undefined && start >= size) {
    response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    return;
  }
  const isPart = (asked !== undefined && fault?.fault !== 'whole') || fault?.fault === 'partial';
  const length = size - start + (fault?.fault === 'length' ? fault.by : 0);
  const encoding = fault?.fault === 'encoding' ? fault.encoding : encodingOf(artifact);
  response.writeHead(isPart ? 206 : 200, [
    'content-type',
    artifact.contentType,
    'accept-ranges',
    'bytes',
    'etag',
    etagOf(artifact.content),
    ...(fault?.fault === 'end' ? [] : ['content-length', String(length)]),
    ...(fault?.fault === 'two-lengths' ? ['content-length', String(length + 1)] : []),
    ...(isPart ? ['content-range', `bytes ${start}-${size - 1}/${size}`] : []),
    ...(encoding ? ['content-encoding', encoding] : []),
  ]);
  send(flipped(content, fault), { start, fault, response });
}

/** In quotes: the MD5 of what is stored. Large files come in parts, and theirs is none of the whole. */
function etagOf(content: Content): string {
  const known = etags.get(content);
  if (known) return known;
  const hash = createHash('md5');
  if (content instanceof Uint8Array) hash.update(content);
  else hash.update(`${content.file} ${content.size}`);
  const etag = `"${hash.digest('hex')}${content instanceof Uint8Array ? '' : '-2'}"`;
  etags.set(content, etag);
  return etag;
}

const etags = new WeakMap<Content, string>();

function encodingOf(artifact: StoredArtifact): string | undefined {
  return 'contentEncoding' in artifact ? artifact.contentEncoding : undefined;
}

function startOf(asked: string | undefined, fault: Fault | undefined): number {
  const start = Number(asked ?? 0);
  if (fault?.fault === 'whole') return 0;
  if (fault?.fault === 'earlier') return Math.max(0, start - fault.by);
  if (fault?.fault === 'later') return start + fault.by;
  return start;
}

function compressed(content: Content, fault: Fault | undefined): Content {
  if (fault?.fault !== 'encoding' || !fault.compress || !(content instanceof Uint8Array))
    return content;
  return compressors[fault.encoding]?.(content) ?? content;
}

/** The quickest of each: nobody looks at how well they compress. */
const compressors: Readonly<Record<string, (content: Uint8Array) => Uint8Array>> = {
  gzip: (content) => gzipSync(content, { level: 1 }),
  br: (content) => brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 0 } }),
  zstd: (content) => zstdCompressSync(content),
};

function flipped(content: Content, fault: Fault | undefined): Content {
  if (fault?.fault !== 'flip' || !(content instanceof Uint8Array)) return content;
  const other = Buffer.from(content);
  other[fault.byte] = (other[fault.byte] ?? 0) ^ 1;
  return other;
}

function send(
  content: Content,
  { start, fault, response }: { start: number; fault: Fault | undefined; response: ServerResponse },
): void {
  const limit = fault && 'after' in fault ? fault.after : undefined;
  const end = limit === undefined ? undefined : start + limit;
  const source =
    content instanceof Uint8Array
      ? Readable.from(pieces(content.subarray(start, end)), { objectMode: false })
      : createReadStream(content.file, { start, ...(end === undefined ? {} : { end: end - 1 }) });
  response.flushHeaders();
  const pipeEnd = fault === undefined || !['stall', 'cut', 'length'].includes(fault.fault);
  response.on('close', () => source.destroy());
  source.on('error', () => response.destroy());
  source.pipe(response, { end: pipeEnd });
  if (pipeEnd || fault.fault === 'stall') return;
  source.on('end', () => setImmediate(() => response.socket?.destroySoon()));
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
