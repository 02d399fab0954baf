/** Why the operating system refused, for the user: `no such file or directory (ENOENT)`. Null for any other error. */
export function reasonOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return null;
  // Node writes "ENOENT: no such file or directory, open 'path'"; the path is in our own message.
  const text = /^[A-Z0-9]+: ([^,]*)/.exec(error.message)?.[1] ?? error.message;
  return `${text} (${String(error.code)})`;
}
