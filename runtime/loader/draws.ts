/** The random numbers that one example's entry may use: the same whatever the batch, the order and who computes it. */
import { randomWords } from "../../compiler/kernel/philox.js";
import { siteOf } from "../feed/random-site.js";

/** In [0, 1). */
export type Draw = () => number;
/** Which pass over the data, of which run. */
export type Pass = { readonly seed: number; readonly epoch: number };

/** Room for each example's draws: a row below 2^31 times this stays an exact integer. */
const DRAWS_PER_ROW = 2 ** 16;

/** The draws of a row of an entry, counted from 0 each time this is called. */
export function drawsOf(entry: string): (pass: Pass, row: number) => Draw {
  // Apart from the program's own sites, which are names of parameters and inputs.
  const site = siteOf(`data ${entry}`);
  return ({ seed, epoch }, row) => {
    let count = 0;
    return () => {
      if (count === DRAWS_PER_ROW) throw new Error(`more than ${DRAWS_PER_ROW} draws for one example of ${entry}`);
      const [a, b] = randomWords({ seed, step: epoch, site }, row * DRAWS_PER_ROW + count++);
      return ((a >>> 5) * 2 ** 26 + (b >>> 6)) * 2 ** -53;
    };
  };
}
