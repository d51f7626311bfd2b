import type { Answered, Passing, Quirk } from './quirk-proxy.ts';

/** Which requests a quirk is about. */
export type About = (passing: Passing) => boolean;

const isSession = (path: string): boolean => path.includes('/blobs/uploads/');
const isManifest = (path: string): boolean => path.includes('/manifests/');
const isOfTag = (path: string): boolean => isManifest(path) && !path.includes('sha256:');

export const about = {
  anything: () => true,
  patch: ({ method }) => method === 'PATCH',
  start: ({ method, path }) => method === 'POST' && isSession(path),
  endOfBlob: ({ method, path }) => method === 'PUT' && isSession(path),
  headOfBlob: ({ method, path }) => method === 'HEAD' && path.includes('/blobs/sha256:'),
  putManifest: ({ method, path }) => method === 'PUT' && isManifest(path) && !isOfTag(path),
  putTag: ({ method, path }) => method === 'PUT' && isOfTag(path),
  put: ({ method, path }) => method === 'PUT' && isManifest(path),
  pull: ({ method, path }) => method === 'GET' && isManifest(path),
} as const satisfies Readonly<Record<string, About>>;

/** What it did is told by another status. */
export function tells(which: About, status: number): Quirk {
  return {
    changed: (passing, answered) =>
      which(passing) && answered.status < 300 ? { ...answered, status } : answered,
  };
}

/** Headers are told in another way, as `change` gives them. */
export function headers(
  which: About,
  change: (passing: Passing, answered: Answered) => Answered['headers'],
): Quirk {
  return {
    changed: (passing, answered) =>
      which(passing)
        ? { ...answered, headers: { ...answered.headers, ...change(passing, answered) } }
        : answered,
  };
}

/** It refuses, with the words of the distribution spec where a code is given; so many times. */
export function refuses(
  which: About,
  { status, code, message = 'x', times = Infinity }: Refusing,
): Quirk {
  let left = times;
  return {
    instead: (passing) => {
      if (!which(passing) || left <= 0) return undefined;
      left -= 1;
      return { status, body: code ? JSON.stringify({ errors: [{ code, message }] }) : '' };
    },
  };
}

interface Refusing {
  readonly status: number;
  readonly code?: string;
  readonly message?: string;
  readonly times?: number;
}
