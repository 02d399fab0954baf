import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { commonRows, openColumn, parseArraySource, parseNamedSource, readArray, requireFinite } from "../../../runtime/data/column.js";
import { hostArray, zeros } from "../../../runtime/data/host-array.js";
import { writeNpy } from "../../../runtime/data/npy.js";
import { writeSafetensors } from "../../../runtime/data/safetensors.js";
import { UserError } from "../../../runtime/user-error.js";

const folder = mkdtempSync(join(tmpdir(), "sig-column-"));
afterAll(() => rmSync(folder, { recursive: true }));

const npy = join(folder, "x.npy");
const tensors = join(folder, "all.safetensors");
const numbers = hostArray(
  "f32",
  [13, 3],
  Float32Array.from({ length: 39 }, (_, i) => i / 4),
);
writeNpy(npy, numbers);
writeSafetensors(
  tensors,
  new Map([
    ["odd#key", numbers],
    ["scalar", zeros("f32", [])],
    ["short", zeros("f32", [12])],
  ]),
);

const code = (act: () => unknown): string => {
  try {
    act();
    return "accepted";
  } catch (error) {
    if (error instanceof UserError) return `${error.code} exit ${error.exit}`;
    throw error;
  }
};

describe("flags", () => {
  test.each([
    ["x=a.npy", { name: "x", file: "a.npy", key: null }],
    ["x=dir=1/a.npy", { name: "x", file: "dir=1/a.npy", key: null }],
    ["x=a#b.npy", { name: "x", file: "a#b.npy", key: null }],
    ["x=a.safetensors#k", { name: "x", file: "a.safetensors", key: "k" }],
    ["x=a#1.safetensors#k.safetensors#2", { name: "x", file: "a#1.safetensors", key: "k.safetensors#2" }],
  ])("%s", (flag, source) => {
    expect(parseNamedSource(flag)).toEqual(source);
  });

  test("mistakes are usage errors; a missing key lists the keys", () => {
    for (const flag of ["x", "=a.npy", "x="]) expect(code(() => parseNamedSource(flag))).toBe("SIG6030 exit 2");
    expect(code(() => parseNamedSource("x=a.txt"))).toBe("SIG6031 exit 2");
    expect(code(() => parseArraySource(tensors))).toBe("SIG6032 exit 2");
    expect(code(() => readArray({ file: tensors, key: "absent" }))).toBe("SIG6023 exit 3");
    expect(code(() => openColumn({ name: "s", file: tensors, key: "scalar" }))).toBe("SIG6033 exit 3");
  });
});

describe("rows", () => {
  test.each([
    ["kept in memory", npy, null, 1 << 20],
    ["from a .npy file", npy, null, 0],
    ["from a .safetensors file", tensors, "odd#key", 0],
  ] as const)("any order, with repeats and runs, %s", (_, file, key, cache) => {
    const column = openColumn({ name: "x", file, key }, cache);
    expect(column.shape).toEqual([13, 3]);
    fc.assert(
      fc.property(fc.array(fc.nat(12), { maxLength: 30 }), (list) => {
        const got = column.gather(Int32Array.from(list));
        expect(got.shape).toEqual([list.length, 3]);
        expect([...got.data]).toEqual(list.flatMap((row) => [0, 1, 2].map((k) => (row * 3 + k) / 4)));
      }),
    );
    expect(() => column.gather(Int32Array.of(13))).toThrow("row 13 of 13");
    expect(() => column.gather(Int32Array.of(-1))).toThrow("row -1 of 13");
    column.close();
  });

  test("a batch changed by its user does not change the column", () => {
    const column = openColumn({ name: "x", file: npy, key: null });
    column.gather(Int32Array.of(0, 1)).data.fill(-1);
    expect([...column.gather(Int32Array.of(0)).data]).toEqual([0, 0.25, 0.5]);
    column.close();
  });

  test("columns of different lengths are refused by name", () => {
    const columns = [openColumn({ name: "x", file: npy, key: null }), openColumn({ name: "y", file: tensors, key: "short" })];
    expect(() => commonRows(columns)).toThrow('"x" has 13, "y" has 12');
    for (const column of columns) column.close();
  });

  test("NaN is refused by its place in the whole column", () => {
    const array = zeros("f32", [4, 2]);
    array.data[5] = NaN;
    expect(() => requireFinite("x", array, 100)).toThrow('column "x" holds NaN at index [102, 1]');
  });
});
