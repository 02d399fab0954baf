import { describe, expect, test } from "vitest";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "../../../runtime/data/half.js";
import { convert, firstNonFinite, hostArray, valueAt, values, zeros } from "../../../runtime/data/host-array.js";

/** By definition: sign, exponent and fraction fields of the format. */
function decodeBits(bits: number, exponentBits: number): number {
  const fractionBits = 15 - exponentBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = bits >>> 15 ? -1 : 1;
  const exponent = (bits >>> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

const formats = [
  { name: "f16", exponentBits: 5, widen: f16ToF32, narrow: f32ToF16 },
  { name: "bf16", exponentBits: 8, widen: bf16ToF32, narrow: f32ToBf16 },
];

describe.each(formats)("$name", ({ exponentBits, widen, narrow }) => {
  const infinity = (2 ** exponentBits - 1) << (15 - exponentBits);

  test("all 65,536 bit patterns widen by the definition and come back", () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = widen(bits);
      const expected = decodeBits(bits, exponentBits);
      if (!Object.is(value, expected)) throw new Error(`0x${bits.toString(16)}: ${value}, not ${expected}`);
      const back = narrow(value);
      if (Number.isNaN(value) ? !Number.isNaN(widen(back)) : back !== bits)
        throw new Error(`0x${bits.toString(16)} came back as 0x${back.toString(16)}`);
    }
  });

  test("a number between two neighbours goes to the nearer, a tie to the even one, both signs", () => {
    for (let bits = 0; bits < infinity; bits++) {
      const low = decodeBits(bits, exponentBits);
      // Above the largest, the next step is where the next power of two would be.
      const high = bits + 1 === infinity ? low + (low - decodeBits(bits - 1, exponentBits)) : decodeBits(bits + 1, exponentBits);
      const quarter = (high - low) / 4;
      for (const sign of [1, -1]) {
        const s = sign === 1 ? 0 : 0x8000;
        const got = [narrow(sign * (low + quarter)), narrow(sign * (low + 2 * quarter)), narrow(sign * (low + 3 * quarter))];
        const tie = bits % 2 === 0 ? bits : bits + 1;
        const want = [s | bits, s | tie, s | (bits + 1)];
        if (got.some((g, i) => g !== want[i])) throw new Error(`after 0x${bits.toString(16)}: ${got}, not ${want}`);
      }
    }
  });

  test("infinities stay, numbers too large become infinite, NaN stays NaN with any payload", () => {
    expect(narrow(Infinity)).toBe(infinity);
    expect(narrow(-Infinity)).toBe(0x8000 | infinity);
    expect(narrow(3.4028234663852886e38)).toBe(infinity);
    const quiet = new Float32Array(new Uint32Array([0x7f800001]).buffer)[0] ?? 0;
    expect(widen(narrow(quiet))).toBeNaN();
  });
});

describe("host arrays", () => {
  test("a wrong element count throws", () => {
    expect(() => hostArray("f32", [2, 3], new Float32Array(5))).toThrow("5 elements do not fill [2, 3]");
  });

  test("values and conversions read 16-bit floats as numbers, not as bits", () => {
    const half = convert(hostArray("f32", [3], new Float32Array([1, -2.5, 0.1])), "f16");
    expect(valueAt(half, 1)).toBe(-2.5);
    expect([...values(half)][2]).toBeCloseTo(0.1, 4);
    expect([...convert(half, "f64").data]).toEqual([...values(half)]);
    expect([...convert(hostArray("i32", [3], new Int32Array([0, 5, -1])), "bool").data]).toEqual([0, 1, 1]);
  });

  test("the first NaN or infinity is named by its index, also in 16 bits", () => {
    const array = zeros("f32", [4, 3]);
    expect(firstNonFinite(array)).toBeNull();
    array.data[7] = NaN;
    array.data[9] = Infinity;
    expect(firstNonFinite(array)).toEqual({ index: [2, 1], value: NaN });
    expect(firstNonFinite(convert(array, "bf16"))?.index).toEqual([2, 1]);
    expect(firstNonFinite(zeros("i32", [3]))).toBeNull();
  });

  test.each(["f64", "f32", "bf16", "f16"] as const)("%s: the largest and the smallest are finite, infinities and NaN are not", (dtype) => {
    const largest = { f64: Number.MAX_VALUE, f32: 3.4028234663852886e38, bf16: 3.3895313892515355e38, f16: 65504 }[dtype];
    const of = (...numbers: readonly number[]) => convert(hostArray("f64", [numbers.length], Float64Array.from(numbers)), dtype);
    expect(firstNonFinite(of(0, -0, largest, -largest, 5e-324, 1e-45, 6e-8, 1))).toBeNull();
    for (const value of [Infinity, -Infinity, Number.NaN]) expect(firstNonFinite(of(1, value))).toEqual({ index: [1], value });
  });
});
