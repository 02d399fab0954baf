/** What each op of a scalar DAG computes, in float64; integers wrap. Written apart from the oracle's, so that one checks the other. */
import type { DType } from "../../../compiler/graph/type.js";
import { isFloat } from "../../../compiler/graph/type.js";
import type { ScalarOp } from "../../../compiler/kernel/kernel.js";

/** `from`: the dtype of the first operand. */
type Types = { readonly to: DType; readonly from: DType };
type Scalar = (x: number, y: number, z: number, w: number) => number;
type Meaning = (types: Types) => Scalar;

const always =
  (f: Scalar): Meaning =>
  () =>
    f;
const test = (f: (x: number, y: number) => boolean): Meaning => always((x, y) => (f(x, y) ? 1 : 0));
/** An arithmetic result brought back into its integer type. */
const wrapped =
  (f: Scalar): Meaning =>
  ({ to }) =>
    to === "i32" ? (x, y, z, w) => f(x, y, z, w) | 0 : to === "u32" ? (x, y, z, w) => f(x, y, z, w) >>> 0 : f;

export const scalarOps = {
  neg: wrapped((x) => -x),
  abs: wrapped((x) => (x < 0 ? -x : x === 0 ? 0 : x)),
  sign: always((x) => (x > 0 ? 1 : x < 0 ? -1 : x)),
  exp: always(Math.exp),
  expm1: always(Math.expm1),
  log: always(Math.log),
  log1p: always(Math.log1p),
  sqrt: always(Math.sqrt),
  rsqrt: always((x) => 1 / Math.sqrt(x)),
  sin: always(Math.sin),
  cos: always(Math.cos),
  tanh: always(Math.tanh),
  erf: always(erf),
  floor: always(Math.floor),
  sigmoid: always((x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)))),
  softplus: always((x) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)))),
  not: always((x) => (x === 0 ? 1 : 0)),
  cast,

  add: wrapped((x, y) => x + y),
  sub: wrapped((x, y) => x - y),
  mul: ({ to }) => (isFloat(to) ? (x, y) => x * y : wrapped(Math.imul)({ to, from: to })),
  div: always((x, y) => x / y),
  mod: always((x, y) => {
    const rest = x % y;
    return rest !== 0 && rest > 0 !== y > 0 ? rest + y : rest;
  }),
  // IEEE: 1 to any power is 1, even to NaN; −1 to an infinite one too.
  pow: always((x, y) => (x === 1 || (x === -1 && (y === Number.POSITIVE_INFINITY || y === Number.NEGATIVE_INFINITY)) ? 1 : x ** y)),
  maximum: always((x, y) => Math.max(x, y)),
  minimum: always((x, y) => Math.min(x, y)),
  eq: test((x, y) => x === y),
  ne: test((x, y) => x !== y),
  lt: test((x, y) => x < y),
  le: test((x, y) => x <= y),
  gt: test((x, y) => x > y),
  ge: test((x, y) => x >= y),
  and: test((x, y) => x !== 0 && y !== 0),
  or: test((x, y) => x !== 0 || y !== 0),
  select: always((c, x, y) => (c === 0 ? y : x)),
  random: always(random),
} as const satisfies Record<ScalarOp, Meaning>;

const bounds = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] } as const;

/** From a float: towards 0, out of range to the nearest end, NaN to 0. Between integers: the same bits. */
function cast({ to, from }: Types): Scalar {
  if (to === "bool") return (x) => (x === 0 ? 0 : 1);
  if (to !== "i32" && to !== "u32") return (x) => x;
  if (!isFloat(from)) return to === "i32" ? (x) => x | 0 : (x) => x >>> 0;
  const [low, high] = bounds[to];
  return (x) => (x !== x ? 0 : x < low ? low : x > high ? high : x < 0 ? Math.ceil(x) + 0 : Math.floor(x));
}

/** Philox4x32-10 in integers of any size: the first word of the counter (place, row, 0, 0) under the key (k, l), its upper 23 bits. */
function random(place: number, row: number, k: number, l: number): number {
  const word = (x: bigint): bigint => BigInt.asUintN(32, x);
  let counter = [place, row, 0, 0].map((x) => word(BigInt(x)));
  let [first, second] = [word(BigInt(k)), word(BigInt(l))];
  for (let round = 0; round < 10; round++) {
    const [a = 0n, b = 0n, c = 0n, d = 0n] = counter;
    const [p, q] = [0xd2511f53n * a, 0xcd9e8d57n * c];
    counter = [(q >> 32n) ^ b ^ first, word(q), (p >> 32n) ^ d ^ second, word(p)];
    [first, second] = [word(first + 0x9e3779b9n), word(second + 0xbb67ae85n)];
  }
  return (Number((counter[0] ?? 0n) >> 9n) + 0.5) / 2 ** 23;
}

/** Kummer's series e^(−x²) Σ 2ᵏx²ᵏ⁺¹/(2k+1)!! where it is short, else 1 − erfc by Laplace's continued fraction from the tail. */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size !== size) return x;
  const density = (2 / Math.sqrt(Math.PI)) * Math.exp(-size * size);
  let value: number;
  if (size < 2.5) {
    let [sum, term] = [0, size];
    for (let k = 1; k < 200 && term > 0; k++) {
      sum += term;
      term *= (2 * size * size) / (2 * k + 1);
    }
    value = density * sum;
  } else {
    let fraction = 0;
    for (let k = 80; k > 0; k--) fraction = k / 2 / (size + fraction);
    value = size > 6 ? 1 : 1 - density / 2 / (size + fraction);
  }
  return x < 0 ? -value : value;
}
