import { pack } from "tar-stream";
import { writeAtomically, type Written } from "../data/atomic-write.js";

/** One file of a shard. */
export type Member = { readonly name: string; readonly content: Uint8Array };

/** A tar without times and owners, so that equal members give equal bytes. It is made in memory: keep shards to some megabytes. */
export async function writeShard(path: string, members: readonly Member[]): Promise<Written> {
  const tar = pack();
  const pieces: Uint8Array[] = [];
  const whole = new Promise<void>((resolve, reject) => {
    tar.on("data", (piece) => pieces.push(piece as Uint8Array));
    tar.on("end", resolve);
    tar.on("error", reject);
  });
  for (const { name, content } of members) tar.entry({ name, mode: 0o644, mtime: new Date(0) }, Buffer.from(content));
  tar.finalize();
  await whole;
  return writeAtomically(path, (sink) => pieces.forEach(sink));
}
