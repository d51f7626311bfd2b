/**
 * Whether two texts name one source repository. Compared part by part as they are spelled: scheme, host with port, and
 * every part of the path. Nothing is normalised, so `user@host`, `..`, `%2e`, another case, a longer path or anything
 * after it make another repository; only one `/` and one `.git` at the end are taken for nothing.
 */
export function sameRepository(one: string, other: string): boolean {
  const [a, b] = [repositoryParts(one), repositoryParts(other)];
  return a !== undefined && b !== undefined && samePrefix(a, b) && a.length === b.length;
}

/** Whether `address` is a page or file below the repository, such as a task's `metadata.source`. */
export function isWithin(address: string, repository: string): boolean {
  const [inner, outer] = [addressParts(address), repositoryParts(repository)];
  if (!inner || !outer) return false;
  const head = inner.slice(0, outer.length);
  const last = withoutGit(head.at(-1) ?? '');
  return samePrefix(outer, [...head.slice(0, -1), last]);
}

/** `github.com/mozilla-releng/fxci-config`: as a scope names the repository. */
export function repositoryPath(repository: string): string {
  return repositoryParts(repository)?.slice(1).join('/') ?? repository;
}

function samePrefix(prefix: readonly string[], parts: readonly string[]): boolean {
  return prefix.length <= parts.length && prefix.every((part, at) => part === parts[at]);
}

function repositoryParts(text: string): readonly string[] | undefined {
  const parts = addressParts(text.replace(/\/$/, ''));
  return parts?.with(-1, withoutGit(parts.at(-1) ?? ''));
}

function withoutGit(part: string): string {
  return part.replace(/(?<=.)\.git$/, '');
}

/** `[scheme, host, …path]`, or `undefined` for anything but a plain http(s) address. */
function addressParts(text: string): string[] | undefined {
  const match =
    /^(https?):\/\/([a-z0-9.-]+(?::\d+)?|\[[0-9a-f:]+\](?::\d+)?)((?:\/[A-Za-z0-9._~+@-]+)+)$/.exec(
      text,
    );
  const [, scheme = '', host = '', path = ''] = match ?? [];
  const segments = path.split('/').slice(1);
  if (!match || segments.some((segment) => /^\.+$/.test(segment))) return undefined;
  return [scheme, host, ...segments];
}
