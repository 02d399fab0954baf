/** The Philox site of a name: FNV-1a over its UTF-8 bytes, so that a name draws the same numbers in every program that has it. */
export function siteOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
