/**
 * Philox4x32-10: random numbers as a pure function of where they are used, so tiles, ranks and recomputation agree.
 * Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
 */

/** Where a draw is used. Every element of every site at every step has its own four words. */
export type RandomKey = {
  /** An integer in 0 .. 2^53 - 1. */
  readonly seed: number;
  /** The training step; 0 for initial values. In 0 .. 2^32 - 1. */
  readonly step: number;
  /** The place in the program: one per random op. In 0 .. 2^32 - 1. */
  readonly site: number;
};

export type Words = readonly [number, number, number, number];

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;
const TWO_32 = 2 ** 32;

/**
 * The upper 32 bits of the 64-bit product of two unsigned words, as a signed integer. Every sum stays below 2^32, so that
 * nothing but 32-bit arithmetic is needed, which is what a JIT makes registers of.
 */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const carry = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carry >>> 16)) | 0;
}

/** The block function: four words from a counter of four words and a key of two. All words unsigned. */
export function philox4x32(counter: Words, key: readonly [number, number]): Words {
  // Signed until the end: unsigned words are more than a small integer holds.
  let c0 = counter[0] | 0;
  let c1 = counter[1] | 0;
  let c2 = counter[2] | 0;
  let c3 = counter[3] | 0;
  let k0 = key[0] | 0;
  let k1 = key[1] | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

// Indices are exact integers, so their upper word is below 2^21 and leaves room for the attempt.
const ATTEMPT_SHIFT = 24;

/** The four words of one element. `index` is the element's place in the whole array, never in a tile of it. */
export function randomWords(key: RandomKey, index: number, attempt = 0): Words {
  return philox4x32(
    [index >>> 0, (Math.floor(index / TWO_32) | (attempt << ATTEMPT_SHIFT)) >>> 0, key.step >>> 0, key.site >>> 0],
    [key.seed >>> 0, Math.floor(key.seed / TWO_32) >>> 0],
  );
}

/** In (0, 1), both ends excluded. 23 bits and a half: exact in f32, so that every engine draws the same number. */
const toUniform = (word: number): number => ((word >>> 9) + 0.5) * 2 ** -23;

export function uniform(key: RandomKey, index: number): number {
  return toUniform(randomWords(key, index)[0]);
}

/** What the op `random` gives: its operands are the counter's and the key's words, as signed or unsigned integers. */
export const uniformAt = (place: number, row: number, k: number, l: number): number =>
  toUniform(philox4x32([place >>> 0, row >>> 0, 0, 0], [k >>> 0, l >>> 0])[0]);

const STEP_SITE = 0xffffffff;

/** The key of a training step: every site of the step adds its own number to the second word. Signed integers. */
export function stepKey(seed: number, step: number): readonly [number, number] {
  const [k, l] = randomWords({ seed, step, site: STEP_SITE }, 0);
  return [k | 0, l | 0];
}

// Two words are a point of the plane, whose coordinates are independent standard normals (Box and Muller 1958). In f64.
const radius = (word: number): number => Math.sqrt(-2 * Math.log((word + 0.5) / TWO_32));
const angle = (word: number): number => (2 * Math.PI * (word + 0.5)) / TWO_32;

function boxMuller(a: number, b: number): readonly [number, number] {
  return [radius(a) * Math.cos(angle(b)), radius(a) * Math.sin(angle(b))];
}

/** Mean 0, standard deviation 1. */
export function normal(key: RandomKey, index: number): number {
  const [a, b] = randomWords(key, index);
  return radius(a) * Math.cos(angle(b));
}

/** A standard normal kept within ±2 by drawing again; its standard deviation is 0.8796. */
export function truncatedNormal(key: RandomKey, index: number): number {
  for (let attempt = 0; attempt < 1 << (32 - ATTEMPT_SHIFT); attempt++) {
    const [a, b, c, d] = randomWords(key, index, attempt);
    const inside = [...boxMuller(a, b), ...boxMuller(c, d)].find((value) => Math.abs(value) <= 2);
    if (inside !== undefined) return inside;
  }
  throw new Error("1024 normals in a row beyond two standard deviations: the generator is broken");
}
