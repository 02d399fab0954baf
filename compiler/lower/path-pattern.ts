/** Does a parameter's path match `img.**`, `img.blocks.*.attn.q.weight`, `bias`? `*` is one part, `**` any number of them. */
export function matchesPath(pattern: string, path: string): boolean {
  return matches(pattern.split("."), path.split("."));
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return path.length === 0;
  if (head === "**") return path.length === 0 ? matches(rest, path) : matches(rest, path) || matches(pattern, path.slice(1));
  const [part, ...others] = path;
  return part !== undefined && (head === "*" || head === part) && matches(rest, others);
}
