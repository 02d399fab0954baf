import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { convert, hostArray, type HostArray } from "../../../runtime/data/host-array.js";
import { parseNpyHeader } from "../../../runtime/data/npy-header.js";
import { openNpy, readNpy, writeNpy } from "../../../runtime/data/npy.js";
import { readStoredRows } from "../../../runtime/data/stored-type.js";
import { UserError } from "../../../runtime/user-error.js";

const folder = mkdtempSync(join(tmpdir(), "sig-npy-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Options = { version?: [number, number]; length?: number; header: string; data: Uint8Array };
function npyBytes({ version = [1, 0], header, data, length = header.length }: Options): Buffer {
  const size = Buffer.alloc(version[0] === 1 ? 2 : 4);
  if (version[0] === 1) size.writeUInt16LE(length);
  else size.writeUInt32LE(length);
  return Buffer.concat([Buffer.from([0x93, ...Buffer.from("NUMPY"), ...version]), size, Buffer.from(header, "utf8"), data]);
}

let serial = 0;
function file(content: Options | Uint8Array): string {
  const path = join(folder, `${serial++}.npy`);
  writeFileSync(path, content instanceof Uint8Array ? content : npyBytes(content));
  return path;
}
const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

function refusal(act: () => unknown): { code: string; message: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("it was not refused");
}

describe("what numpy writes", () => {
  // numpy.save of arange(6).reshape(2, 3) as float32, byte for byte
  const saved = Buffer.from(
    `934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028322c2033292c207d${"20".repeat(58)}0a` +
      "000000000000803f0000004000004040000080400000a040",
    "hex",
  );

  test("is read, and our own writing of it is the same file", () => {
    const array = readNpy(file(saved));
    expect(array).toEqual(hostArray("f32", [2, 3], Float32Array.from([0, 1, 2, 3, 4, 5])));
    const path = join(folder, "ours.npy");
    writeNpy(path, array);
    expect(readFileSync(path)).toEqual(saved);
  });

  const bytes = (...values: number[]) => Uint8Array.from(values);
  test.each([
    ["|b1", bytes(0, 1, 7), "bool", [0, 1, 1]],
    ["|i1", bytes(0xff, 0x80, 1), "i32", [-1, -128, 1]],
    ["|u1", bytes(0xff, 0x80, 1), "i32", [255, 128, 1]],
    ["<i2", bytes(0xfe, 0xff, 0, 1), "i32", [-2, 256]],
    [">i2", bytes(0xff, 0xfe, 1, 0), "i32", [-2, 256]],
    ["<u2", bytes(0xfe, 0xff), "i32", [65534]],
    ["<i4", bytes(0, 0, 0, 0x80), "i32", [-(2 ** 31)]],
    [">u4", bytes(0x80, 0, 0, 1), "u32", [2 ** 31 + 1]],
    ["<i8", bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "i32", [-1]],
    [">i8", bytes(0, 0, 0, 0, 0, 0, 1, 2), "i32", [258]],
    ["<u8", bytes(0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0), "i32", [2 ** 31 - 1]],
    ["<f4", bytes(0, 0, 0x80, 0x3f), "f32", [1]],
    [">f4", bytes(0x3f, 0x80, 0, 0), "f32", [1]],
    [">f8", bytes(0xc0, 4, 0, 0, 0, 0, 0, 0), "f64", [-2.5]],
  ] as const)("%s elements have their value", (descr, data, dtype, values) => {
    const array = readNpy(file({ header: header(descr, `(${values.length},)`), data }));
    expect(array.dtype).toBe(dtype);
    expect([...array.data]).toEqual(values);
  });

  test("f2 in both byte orders is kept as f16", () => {
    for (const [descr, data] of [
      ["<f2", bytes(0, 0xc1)],
      [">f2", bytes(0xc1, 0)],
    ] as const) {
      const array = readNpy(file({ header: header(descr, "()"), data }));
      expect(array.shape).toEqual([]);
      expect([...convert(array, "f32").data]).toEqual([-2.5]);
    }
  });

  test("versions 2 and 3, double quotes, other key orders and no trailing comma are read", () => {
    const text = `{"shape": (2,), "descr": "<f4", "fortran_order": False}`;
    for (const version of [
      [2, 0],
      [3, 0],
    ] as [number, number][])
      expect(readNpy(file({ version, header: text, data: new Uint8Array(8) })).shape).toEqual([2]);
  });

  test("NaN and infinity are read as they are", () => {
    const data = new Uint8Array(Float32Array.from([NaN, Infinity]).buffer);
    expect([...readNpy(file({ header: header("<f4", "(2,)"), data })).data]).toEqual([NaN, Infinity]);
  });

  test("empty arrays are read, also beside a large size", () => {
    expect(readNpy(file({ header: header("<f4", "(0, 1000000000000)"), data: new Uint8Array(0) })).data.length).toBe(0);
  });
});

describe("Fortran order", () => {
  test("becomes row-major, for random shapes up to four axes", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }), (shape) => {
        const count = shape.reduce((a, b) => a * b, 1);
        const inFile = Int32Array.from({ length: count }, (_, i) => i);
        const array = readNpy(
          file({
            header: header("<i4", `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`, "True"),
            data: new Uint8Array(inFile.buffer),
          }),
        );
        expect(array.shape).toEqual(shape);
        // Oracle: in Fortran order the first index runs fastest.
        for (let flat = 0; flat < count; flat++) {
          let rest = flat;
          const index = [...shape]
            .reverse()
            .map((size) => {
              const i = rest % size;
              rest = Math.floor(rest / size);
              return i;
            })
            .reverse();
          const place = index.reduceRight((sum, i, axis) => sum * (shape[axis] ?? 0) + i, 0);
          expect(array.data[flat]).toBe(place);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a big-endian Fortran file is right in both ways at once", () => {
    const data = Buffer.alloc(24);
    for (let i = 0; i < 6; i++) data.writeFloatBE(i, i * 4);
    expect([...readNpy(file({ header: header(">f4", "(2, 3)", "True"), data })).data]).toEqual([0, 2, 4, 1, 3, 5]);
  });
});

describe("rows", () => {
  test("are read without the rest, also where elements are converted", () => {
    const data = Buffer.alloc(7 * 3 * 8);
    for (let i = 0; i < 21; i++) data.writeBigInt64LE(BigInt(i - 4), i * 8);
    const npy = openNpy(file({ header: header("<i8", "(7, 3)"), data }));
    expect(readStoredRows(npy, 2, 2)).toEqual(hostArray("i32", [2, 3], Int32Array.from([2, 3, 4, 5, 6, 7])));
    npy.file.close();
  });

  test("conversion is right across the pieces of a large array", () => {
    const values = Int16Array.from({ length: 700_001 }, (_, i) => i * 31);
    const npy = readNpy(file({ header: header("<i2", "(700001,)"), data: new Uint8Array(values.buffer) }));
    expect(npy.data.every((value: number, i: number) => value === values[i])).toBe(true);
  });
});

describe("hostile and broken files are refused by code, not by a crash", () => {
  const f4 = (shape: string) => header("<f4", shape);
  const none = new Uint8Array(0);
  test.each([
    ["an empty file", none, "SIG6010"],
    ["another format", Buffer.from("PK\x03\x04 and so on"), "SIG6010"],
    ["a future version", npyBytes({ version: [4, 0], header: f4("(0,)"), data: none }), "SIG6011"],
    ["an end inside the length", Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, 5]), "SIG6012"],
    ["a length beyond the file", npyBytes({ header: f4("(1,)"), length: 60_000, data: none }), "SIG6012"],
    ["a length of 4 GiB", npyBytes({ version: [2, 0], header: f4("(1,)"), length: 0xffffffff, data: none }), "SIG6012"],
    ["a product that overflows 64 bits to a small one", npyBytes({ header: f4("(4294967296, 4294967296)"), data: none }), "SIG6012"],
    ["an overflow hidden behind a zero", npyBytes({ header: f4("(0, 4294967296, 4294967296)"), data: none }), "SIG6012"],
    ["a size beyond 2^53", npyBytes({ header: f4("(99999999999999999999,)"), data: none }), "SIG6012"],
    ["a negative size", npyBytes({ header: f4("(-1,)"), data: none }), "SIG6012"],
    ["a promise of 4 TB", npyBytes({ header: f4("(1000000000000,)"), data: new Uint8Array(64) }), "SIG6013"],
    ["one byte too few", npyBytes({ header: f4("(2,)"), data: new Uint8Array(7) }), "SIG6013"],
    ["a second array behind the first", npyBytes({ header: f4("(2,)"), data: new Uint8Array(9) }), "SIG6014"],
    ["objects", npyBytes({ header: header("|O", "(1,)"), data: new Uint8Array(8) }), "SIG6015"],
    ["text", npyBytes({ header: header("<U5", "(1,)"), data: new Uint8Array(20) }), "SIG6015"],
    ["byte strings", npyBytes({ header: header("|S5", "(1,)"), data: new Uint8Array(5) }), "SIG6015"],
    ["complex numbers", npyBytes({ header: header("<c8", "(1,)"), data: new Uint8Array(8) }), "SIG6015"],
    ["dates", npyBytes({ header: header("<M8[ns]", "(1,)"), data: new Uint8Array(8) }), "SIG6015"],
    ["long doubles", npyBytes({ header: header("<f16", "(1,)"), data: new Uint8Array(16) }), "SIG6015"],
    [
      "records",
      npyBytes({ header: "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", data: new Uint8Array(4) }),
      "SIG6015",
    ],
    ["a type named like a member of every object", npyBytes({ header: header("<constructor1", "(1,)"), data: none }), "SIG6015"],
  ])("%s", (_, content, code) => {
    expect(refusal(() => readNpy(file(content))).code).toBe(code);
  });

  test("an integer beyond i32 is named by place and exact value", () => {
    const data = new Uint8Array(BigInt64Array.from([1n, 2n, 2n ** 53n + 1n]).buffer);
    expect(refusal(() => readNpy(file({ header: header("<i8", "(3,)"), data }))).message).toContain(
      "element 2 (from 0, in file order) is 9007199254740993, which does not fit in i32",
    );
  });

  test("a missing file, a folder and a pipe are named; the pipe does not hang", () => {
    expect(refusal(() => readNpy(join(folder, "absent.npy"))).message).toContain("no such file or directory (ENOENT)");
    expect(refusal(() => readNpy(folder)).code).toBe("SIG6002");
    if (process.platform !== "win32") {
      const pipe = join(folder, "pipe.npy");
      execFileSync("mkfifo", [pipe]);
      expect(refusal(() => readNpy(pipe)).code).toBe("SIG6002");
    }
  });

  test("a file cut after it was opened is noticed", () => {
    const path = file({ header: f4("(100,)"), data: new Uint8Array(400) });
    const npy = openNpy(path);
    truncateSync(path, 200);
    expect(refusal(() => readStoredRows(npy, 50, 50)).code).toBe("SIG6003");
    npy.file.close();
  });

  test("control characters in a type do not reach the terminal", () => {
    expect(refusal(() => readNpy(file({ header: header("<f\u001b[2J", "(1,)"), data: none }))).message).not.toContain("\u001b");
  });

  test("any cut or change of a byte is either refused or read; nothing else happens (seed printed on failure)", () => {
    const good = npyBytes({ header: header(">i8", "(3, 2)", "True"), data: new Uint8Array(48) });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, cut) => {
        const bad = Buffer.from(good);
        bad[at] = value;
        for (const content of [bad, bad.subarray(0, cut)]) {
          try {
            readNpy(file(content));
          } catch (error) {
            if (!(error instanceof UserError)) throw error;
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("the header", () => {
  test.each([
    ["", "a dictionary was expected"],
    ["{'descr': '<f4'", "a comma or the end"],
    ["{'descr': '<f4', 'descr': '<f4'}", "descr appears twice"],
    ["{'descr': '<f4', 'fortran_order': False}", "shape is missing"],
    ["{'evil': 1}", "one of the keys"],
    ["{'descr': '<f4', 'fortran_order': 0}", "True or False was expected"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3)}", "a comma was expected"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': [3]}", "a tuple was expected"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} import os", "something follows"],
    [`{'descr': '<f4', 'fortran_order': False, 'shape': (${"1, ".repeat(65)})}`, "more than 64 axes"],
    ["{'descr': '<f4\\x27', 'fortran_order': False, 'shape': (3,)}", "a type string was expected"],
  ])("%s: %s", (text, reason) => {
    const parsed = parseNpyHeader(text);
    expect("reason" in parsed ? parsed.reason : "accepted").toContain(reason);
  });
});

test("every dtype comes back as it was written; bf16, which the format lacks, as f32", () => {
  const source = hostArray("f64", [2, 1, 3], Float64Array.from([0, 1, -2.5, 3, 1e-3, 65504]));
  for (const dtype of ["f16", "f32", "f64", "i32", "u32", "bool"] as const) {
    const path = join(folder, `${dtype}.npy`);
    const clean = dtype === "u32" ? hostArray("f64", [6], Float64Array.from([0, 1, 2, 3, 4, 4294967295])) : source;
    const array = convert(clean as HostArray, dtype);
    writeNpy(path, array);
    expect(readNpy(path)).toEqual(array);
  }
  const path = join(folder, "bf16.npy");
  writeNpy(path, convert(source, "bf16"));
  expect(readNpy(path)).toEqual(convert(convert(source, "bf16"), "f32"));
});
