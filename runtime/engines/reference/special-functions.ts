/** Functions of one number that `Math` lacks or gets wrong at the edges. */

/** 1 / (1 + exp(−x)): the exponential never overflows. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * Below 2 the series erf(x) = 2/√π · exp(−x²) · Σ 2ᵏ x²ᵏ⁺¹ / (1·3·…·(2k+1)), whose terms are all of one sign;
 * from 2 on, 1 − erfc(x) by its continued fraction (Abramowitz & Stegun 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < 0) return -erf(-x);
  if (x > 6) return 1;
  const gauss = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (x >= 2) {
    let tail = x;
    for (let k = 100; k >= 1; k--) tail = x + k / 2 / tail;
    return 1 - gauss / tail;
  }
  let term = x;
  let sum = x;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return 2 * gauss * sum;
}

/** IEEE pow: unlike `Math.pow`, 1 to any power is 1, and so is −1 to an infinite one. */
export function pow(x: number, y: number): number {
  if (x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY)) return 1;
  return x ** y;
}

/** The remainder with the sign of the divisor, as in Python. */
export function floorMod(x: number, y: number): number {
  const remainder = x % y;
  if (remainder === 0) return y < 0 ? -0 : 0;
  return remainder < 0 !== y < 0 ? remainder + y : remainder;
}

/** log(exp(x) + exp(y)), for x or y −∞ too. */
export function logAddExp(x: number, y: number): number {
  const high = Math.max(x, y);
  return Math.abs(high) === Number.POSITIVE_INFINITY ? high : high + Math.log1p(Math.exp(Math.min(x, y) - high));
}
