import type { IncomingMessage } from 'node:http';
import type { Fault } from './faults.ts';
import { intake } from './intake.ts';
import { refusal, type Reply } from './reply.ts';
import { sha256, type Store, type Upload } from './store.ts';

/** One request about blobs or uploads, taken apart. */
export interface BlobCall {
  readonly store: Store;
  readonly name: string;
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
  /** How taking in the body goes wrong. */
  readonly fault?: Fault | undefined;
}

/** HEAD and GET of `/v2/<name>/blobs/<digest>`. */
export function blob({ store, name }: BlobCall, digest: string): Reply {
  const body = store.repositories.get(name)?.blobs.get(digest);
  if (!body) return refusal(404, 'BLOB_UNKNOWN');
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
  };
  return { status: 200, headers, body };
}

/** POST of `/v2/<name>/blobs/uploads/`: mounts, takes it whole, or opens an upload. */
export async function start(call: BlobCall): Promise<Reply> {
  const { store, name, query } = call;
  const mount = query.get('mount');
  const mounted = mount && store.repositories.get(query.get('from') ?? '')?.blobs.get(mount);
  if (mount && mounted) {
    store.repository(name).blobs.set(mount, mounted);
    return stored(name, mount);
  }
  const upload = store.startUpload(name);
  const digest = query.get('digest');
  if (!digest) return underWay(upload, 202);
  await take(call, upload);
  return complete(store, upload, digest);
}

/** PATCH, PUT, GET and DELETE of `/v2/<name>/blobs/uploads/<id>`. */
export async function upload(call: BlobCall, id: string): Promise<Reply> {
  const { store, name, request, query } = call;
  const open = store.uploads.get(id);
  if (!open || open.repository !== name) return refusal(404, 'BLOB_UPLOAD_UNKNOWN');
  if (request.method === 'GET') return underWay(open, 204);
  if (request.method === 'DELETE') {
    store.uploads.delete(id);
    return { status: 204 };
  }
  const range = request.headers['content-range'];
  if (range && Number(range.split('-')[0]) !== open.size) return underWay(open, 416);
  await take(call, open);
  if (request.method === 'PATCH') return underWay(open, 202);
  return complete(store, open, query.get('digest') ?? '');
}

async function take({ request, fault }: BlobCall, open: Upload): Promise<void> {
  for await (const bytes of intake(request, fault)) {
    open.parts.push(bytes);
    open.size += bytes.length;
  }
}

function complete(store: Store, open: Upload, digest: string): Reply {
  const body = Buffer.concat(open.parts);
  store.uploads.delete(open.id);
  if (sha256(body) !== digest) return refusal(400, 'DIGEST_INVALID');
  store.repository(open.repository).blobs.set(digest, body);
  return stored(open.repository, digest);
}

function stored(name: string, digest: string): Reply {
  const headers = { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest };
  return { status: 201, headers };
}

function underWay({ repository, id, size }: Upload, status: number): Reply {
  const headers = {
    location: `/v2/${repository}/blobs/uploads/${id}?_state=${Buffer.from(`${size}`).toString('base64url')}`,
    range: `0-${Math.max(0, size - 1)}`,
    'docker-upload-uuid': id,
  };
  return { status, headers };
}
