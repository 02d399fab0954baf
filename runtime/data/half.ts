/** The two 16-bit floats, as bits in a Uint16Array. Narrowing rounds to nearest, ties to even; NaN stays NaN. */

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

export function bf16ToF32(bits: number): number {
  word[0] = bits << 16;
  return float[0] ?? 0;
}

export function f32ToBf16(value: number): number {
  float[0] = value;
  const bits = word[0] ?? 0;
  // A NaN whose payload lies in the lower half would otherwise become an infinity.
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  // Adding half a unit less one, plus the last kept bit, rounds ties to even; a carry rightly moves into the exponent.
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

export function f16ToF32(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const LARGEST_F16 = 65504;
const SMALLEST_NORMAL_F16 = 2 ** -14;

export function f32ToF16(value: number): number {
  const x = Math.fround(value);
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(x);
  // Half a unit above the largest is a tie, and the even neighbour is infinity.
  if (magnitude >= LARGEST_F16 + 16) return sign | 0x7c00;
  if (magnitude < SMALLEST_NORMAL_F16) return sign | roundHalfEven(magnitude * 2 ** 24);
  float[0] = magnitude;
  const exponent = ((word[0] ?? 0) >>> 23) - 127;
  // 1024 .. 2048 units of the last place; 2048 carries rightly into the exponent.
  return sign | (((exponent + 15) << 10) + roundHalfEven(magnitude * 2 ** (10 - exponent)) - 1024);
}

/** For numbers in 0 .. 2048, where `x - floor` is exact. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
