import { humanBytes } from "./human-bytes.js";
import type { Plan } from "./plan.js";

/** One line for each set of tiles that several sweeps need: how many are kept of how many. Sweeps are numbered from 1. */
export function describeKept({ kept, tiles }: Pick<Plan, "kept" | "tiles">): readonly string[] {
  return kept.map(({ tiles: shared, count, of, bytes }) => {
    const numbers = shared.map((tile) => tiles.findIndex((choice) => choice.tile === tile) + 1);
    const [maker, ...readers] = numbers;
    const later = `${readers.length === 1 ? "sweep" : "sweeps"} ${readers.join(" and ")}`;
    const which = `of ${of} tiles of sweep ${maker}`;
    if (count === 0) return `${later}: none ${which} kept, each is computed again`;
    return `${later}: ${count} ${which} kept in ${humanBytes(bytes)}${count === of ? "" : ", the others computed again"}`;
  });
}
