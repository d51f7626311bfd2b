/** Columns side by side, a row for each name, as a Markdown table. */
export function printTable(
  title: string,
  columns: Readonly<Record<string, Readonly<Record<string, string>>>>,
): void {
  const heads = Object.keys(columns);
  const names = [...new Set(Object.values(columns).flatMap((column) => Object.keys(column)))];
  const rows = names.map((name) => [name, ...heads.map((head) => columns[head]?.[name] ?? '')]);
  const lines = [[title, ...heads], ['---', ...heads.map(() => '---:')], ...rows];
  process.stdout.write(`\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`);
}
