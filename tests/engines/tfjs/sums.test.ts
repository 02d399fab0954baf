/** A row of a million losses, added one by one in float32, is off by whole per cents: sums go by short runs instead. */
import { beforeEach, describe, expect, test } from "vitest";
import { loadBackend } from "../../../runtime/engines/tfjs/load-backend.js";
import { quirks } from "../../../runtime/engines/tfjs/quirks.js";
import { sum } from "../../../runtime/engines/tfjs/sums.js";
import { randomFrom } from "../../support/random.js";

/** Odd, prime, and longer than two runs of runs; the last has a remainder at every level. */
const lengths = [1, 31, 65, 1009, 131_071] as const;
const seed = 5;

const backends = await Promise.all((["wasm", "cpu"] as const).map(async (name) => ({ name, ...(await loadBackend(name)) })));

describe.each(backends)("sums on $name", ({ name, tf, backend }) => {
  beforeEach(async () => void (await tf.setBackend(name)));

  const drawn = (length: number): Float32Array => {
    const random = randomFrom(seed + length);
    return Float32Array.from({ length }, () => 0.1 + random.uniform());
  };
  const exact = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

  test.each(lengths)("a row of %i", (length) => {
    const values = drawn(length);
    const [actual = Number.NaN] = tf.tidy(() => sum(tf, quirks[backend], tf.tensor(values), [0], []).dataSync());
    expect(Math.abs(actual - exact(values)) / exact(values)).toBeLessThan(1e-6);
  });

  test.each(lengths)("columns of %i", (length) => {
    const values = drawn(length);
    const pairs = Float32Array.from({ length: 2 * length }, (_, k) => (k % 2 === 0 ? 1 : 2) * (values[k >> 1] ?? 0));
    const actual = tf.tidy(() => sum(tf, quirks[backend], tf.tensor(pairs, [length, 2]), [0], [2]).dataSync());
    for (const column of [0, 1])
      expect(Math.abs((actual[column] ?? Number.NaN) / (column + 1) - exact(values)) / exact(values)).toBeLessThan(1e-6);
  });
});
