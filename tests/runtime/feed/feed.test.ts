import { describe, expect, test } from "vitest";
import { addSizes, batch, constant, multiplySizes, type Size } from "../../../compiler/graph/size.js";
import type { DType } from "../../../compiler/graph/type.js";
import type { InputDecl, ParamDecl } from "../../../compiler/lower/program.js";
import { hostArray } from "../../../runtime/data/host-array.js";
import { solveBatchSizes } from "../../../runtime/feed/batch-sizes.js";
import { fitArray } from "../../../runtime/feed/fit-array.js";
import { checkIndexBounds } from "../../../runtime/feed/index-bounds.js";
import { initialParameter } from "../../../runtime/feed/initial-parameters.js";
import { siteOf } from "../../../runtime/feed/random-site.js";
import { syntheticInput } from "../../../runtime/feed/synthetic-input.js";

const span = { file: "p.sig", start: 0, end: 1 };
const placeOf = (): string => "p.sig:3";
const n = batch("n");
const m = batch("m");
const twoN = multiplySizes(constant(2), n);

const decl = (name: string, dtype: DType, shape: readonly Size[]): InputDecl => ({ name, type: { dtype, shape }, span });
const offer = (name: string, shape: readonly Size[], found: readonly number[]) => ({
  decl: decl(name, "f32", shape),
  shape: found,
  origin: `--input ${name}=${name}.npy`,
});
const solve = (offers: ReturnType<typeof offer>[], given: Record<string, number> = {}, wanted: string[] = []) =>
  solveBatchSizes(wanted, new Map(Object.entries(given)), offers, placeOf);

describe("batch sizes", () => {
  test("are read off plain and multiplied axes", () => {
    expect(solve([offer("x", [n, constant(3)], [5, 3]), offer("y", [multiplySizes(constant(2), m)], [14])])).toEqual({ n: 5, m: 7 });
  });

  test("an axis that is no multiple of a batch is held against what the others say", () => {
    const both = [offer("x", [n], [5]), offer("y", [m], [7]), offer("z", [addSizes(n, m)], [12])];
    expect(solve(both)).toEqual({ n: 5, m: 7 });
    expect(() => solve([...both, offer("bad", [addSizes(n, m)], [13])])).toThrow(/bad.npy has 13 along axis 0.* needs m \+ n = 12/);
  });

  test("two arrays that disagree are both named", () => {
    expect(() => solve([offer("x", [n], [5]), offer("y", [n], [6])])).toThrow("batch n is 5 by --input x=x.npy and 6 by --input y=y.npy.");
  });

  test("--set and an array that disagree are both named", () => {
    expect(() => solve([offer("x", [n], [5])], { n: 4 })).toThrow("batch n is 4 by --set n=4 and 5 by --input x=x.npy.");
  });

  test.each([
    ["a wrong rank", offer("x", [n, constant(3)], [5]), /has shape \[5\]; x is declared f32\[n, 3\] \(p.sig:3\)/],
    ["a wrong model size", offer("x", [n, constant(768)], [5, 512]), /has 512 along axis 1; x is declared f32\[n, 768\] .* needs 768/],
    ["an odd count for 2*n", offer("x", [twoN], [5]), /has 5 along axis 0.* multiple of 2/],
    ["no rows", offer("x", [n], [0]), /batch n is 0 by --input x=x.npy/],
  ])("%s is refused", (_, bad, message) => expect(() => solve([bad])).toThrow(message));

  test("batches that nothing gives are asked for, all at once", () =>
    expect(() => solve([], {}, ["n", "m"])).toThrow("no array tells the size of batch n, m."));
});

describe("fitting an array to its declaration", () => {
  const options = { precision: "f32", allowNonFinite: false, placeOf } as const;

  test("a float64 file keeps its bits where the engine computes in f64", () => {
    const array = hostArray("f64", [1], new Float64Array([0.1]));
    expect(fitArray(decl("x", "f32", [n]), array, "x", { ...options, precision: "f64" }).data[0]).toBe(0.1);
    expect(fitArray(decl("x", "f32", [n]), array, "x", options).data[0]).toBe(Math.fround(0.1));
  });

  test.each([Number.NaN, Infinity, -Infinity])("%d is refused with its position, unless it is let through", (value) => {
    const array = hostArray("f32", [2, 2], new Float32Array([1, 2, value, 4]));
    expect(() => fitArray(decl("x", "f32", [n, n]), array, "x.npy", options)).toThrow(`x.npy holds ${value} at index [1, 0].`);
    expect(fitArray(decl("x", "f32", [n, n]), array, "x.npy", { ...options, allowNonFinite: true })).toBe(array);
  });

  test.each([
    ["floats for indices", "i32", hostArray("f32", [1], new Float32Array([1])), /holds f32; x is declared i32\[n\]/],
    ["indices for floats", "f32", hostArray("i32", [1], new Int32Array([1])), /holds i32; x is declared f32\[n\]/],
    ["integers for bools", "bool", hostArray("i32", [1], new Int32Array([1])), /holds i32; x is declared bool\[n\]/],
    [
      "a u32 beyond i32",
      "i32",
      hostArray("u32", [1], new Uint32Array([2 ** 31])),
      /holds 2147483648 at index \[0\], which i32 cannot hold/,
    ],
    ["a negative for u32", "u32", hostArray("i32", [1], new Int32Array([-1])), /holds -1 at index \[0\], which u32 cannot hold/],
  ] as const)("%s are refused", (_, dtype, array, message) => {
    expect(() => fitArray(decl("x", dtype, [n]), array, "x", options)).toThrow(message);
  });

  test.each([-1, 7])("an index of %d into 7 rows is refused before an engine reads a zero for it", (value) => {
    const arrays = new Map([["ids", hostArray("i32", [3], new Int32Array([0, 6, value]))]]);
    const check = () => checkIndexBounds([{ input: "ids", below: constant(7), span }], {}, arrays, () => "ids.npy", placeOf);
    expect(check).toThrow(`ids.npy holds ${value} at index [2]; ids picks rows of a table of 7 (p.sig:3).`);
  });
});

describe("numbers drawn at random", () => {
  const param = (path: string, init: ParamDecl["init"], shape = [constant(40), constant(50)]): ParamDecl => ({
    path,
    type: { dtype: "f32", shape },
    init,
    span,
  });
  const moments = (data: ArrayLike<number>): { mean: number; std: number } => {
    const values = Array.from(data);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return { mean, std: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length) };
  };

  test("a parameter depends on seed and path alone, and differs between paths and seeds", () => {
    const at = (path: string, seed: number) => Array.from(initialParameter(param(path, { kind: "normal", std: 1 }), seed, "f64").data);
    expect(at("a.weight", 3)).toEqual(at("a.weight", 3));
    expect(at("a.weight", 3)).not.toEqual(at("b.weight", 3));
    expect(at("a.weight", 3)).not.toEqual(at("a.weight", 4));
  });

  test("f32 is the rounded f64, so that engines of both start alike", () => {
    const at = (precision: "f32" | "f64") => initialParameter(param("w", { kind: "truncated_normal", std: 0.02 }), 0, precision).data;
    expect(Array.from(at("f32"))).toEqual(Array.from(at("f64"), Math.fround));
  });

  test.each([
    ["normal", { kind: "normal", std: 0.5 }, 0, 0.5],
    ["truncated_normal keeps the std that was asked for", { kind: "truncated_normal", std: 0.5 }, 0, 0.5],
    ["uniform", { kind: "uniform", low: -1, high: 3 }, 1, 4 / Math.sqrt(12)],
  ] as const)("%s has its moments (2000 draws, seed 5)", (_, init, mean, std) => {
    const found = moments(initialParameter(param("w", init), 5, "f64").data);
    expect(Math.abs(found.mean - mean)).toBeLessThan((5 * std) / Math.sqrt(2000));
    expect(Math.abs(found.std - std)).toBeLessThan(0.1 * std);
  });

  test("a constant is exact and a 16-bit parameter is stored in 16 bits", () => {
    expect(initialParameter(param("t", { kind: "constant", value: Math.log(10) }, []), 0, "f64").data).toEqual(
      new Float64Array([Math.log(10)]),
    );
    const half = { ...param("h", { kind: "constant", value: 1.5 }, []), type: { dtype: "f16", shape: [] } } as const;
    expect(initialParameter(half, 0, "f32").data).toEqual(new Uint16Array([0x3e00]));
  });

  test("synthetic indices stay inside the table they pick from", () => {
    const ids = syntheticInput(decl("ids", "i32", [n, constant(9)]), 1, { n: 50 }, [{ input: "ids", below: constant(7), span }], "f32");
    expect(new Set(ids.data)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
  });

  test("a site is the name's FNV-1a hash", () => {
    expect(siteOf("")).toBe(0x811c9dc5);
    expect(siteOf("foobar")).toBe(0xbf9cf968);
  });
});
