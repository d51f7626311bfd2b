/**
 * Whether a patch can name this path: a relative one that stays inside the tree, outside `.git`, in one line. No commit
 * that people make has another; a tree can be made to hold one.
 */
export function isPatchable(path: string): boolean {
  if (/[\0-\x1f\x7f\\]/.test(path) || path.length > 4096) return false;
  return path.split('/').every((part) => part !== '' && !/^(?:\.{1,2}|\.git|git~\d+)$/i.test(part));
}
