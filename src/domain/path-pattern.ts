/** Paths of a tree by pattern: `*` stands for anything within one name, `**` for any number of folders. */
export function isAmong(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => expressionOf(pattern).test(path));
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split('/').map((part) => {
    if (part === '**') return '.+';
    return part.replaceAll(/[^*\w]/g, String.raw`\$&`).replaceAll(/\*+/g, '[^/]*');
  });
  // `**` in front of a name may also be no folder at all.
  const joined = parts.join('/').replaceAll('.+/', '(?:.+/)?');
  return new RegExp(`^${joined}$`, 's');
}
