/** A member's place in a sample: what stands before and after the first dot of its last part, as WebDataset has it. */
export type MemberName = { readonly key: string; readonly ending: string };

/** `a/b.c/0001.seg.png` → key `a/b.c/0001`, ending `seg.png`, in small letters. Null for a name without a dot, and for hidden files. */
export function memberName(name: string): MemberName | null {
  const path = name.replace(/^(?:\.\/)+/, "");
  const base = path.lastIndexOf("/") + 1;
  const dot = path.indexOf(".", base);
  if (dot <= base || dot === path.length - 1) return null;
  return { key: path.slice(0, dot), ending: path.slice(dot + 1).toLowerCase() };
}
