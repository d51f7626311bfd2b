import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Pass } from './pass.ts';

interface UndiciMessage {
  readonly request: {
    readonly origin: string | URL;
    readonly path: string;
    readonly method: string;
  };
}

/** Every request of undici, of `fetch` and of node:http: before it goes out, and when its answer is there. */
export function watchHttp(pass: Pass): void {
  const undici = (when: 'before' | 'after') => (message: unknown) => {
    const { origin, path, method } = (message as UndiciMessage).request;
    pass(when, nameOf(method, new URL(path, origin)));
  };
  subscribe('undici:request:create', undici('before'));
  subscribe('undici:request:headers', undici('after'));
  const http = (when: 'before' | 'after') => (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    pass(when, nameOf(request.method, new URL(request.path, `http://${request.host}`)));
  };
  subscribe('http.client.request.start', http('before'));
  subscribe('http.client.response.finish', http('after'));
}

/** What a request is for, without what differs from one promotion to the next. */
function nameOf(method: string, { pathname, searchParams }: URL): string {
  const slack = /^\/api\/([a-z]+\.[\w.]+)$/i.exec(pathname)?.[1];
  if (slack) return `slack.${slack}`;
  if (pathname === '/token') return 'registry.token';
  if (pathname.startsWith('/v2/')) {
    const isMount = searchParams.has('mount');
    return `registry.${registryStep(method, pathname, isMount)}`;
  }
  return `${method} ${plain(pathname)}`;
}

function registryStep(method: string, path: string, isMount: boolean): string {
  if (path === '/v2/') return 'ping';
  const [, kind, rest = ''] = /\/(manifests|blobs|tags)\/(.*)$/.exec(path) ?? [];
  const isDigest = rest.startsWith('sha256:');
  if (kind === 'manifests') return `${method} ${isDigest ? 'manifest' : 'tag'}`;
  if (kind === 'tags') return 'tags';
  if (isDigest) return `${method} blob`;
  return `${method} ${isMount ? 'mount' : 'upload'}`;
}

/** Ids, hashes and numbers replaced. */
function plain(path: string): string {
  return path
    .replaceAll(/\/[\w-]{22}(?=\/|$)/g, '/ID')
    .replaceAll(/[0-9a-f]{12,}/g, 'HEX')
    .replaceAll(/\/(?:upload|files?|link|respond|response|hooks?|commands|actions)\/.*/gi, '/…')
    .replaceAll(/\/\d+(?=\/|$)/g, '/N');
}
