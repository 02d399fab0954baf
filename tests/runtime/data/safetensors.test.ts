import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { convert, hostArray, type HostArray } from "../../../runtime/data/host-array.js";
import { readSafetensors, Safetensors, writeSafetensors } from "../../../runtime/data/safetensors.js";
import { JsonError, parseStrictJson } from "../../../runtime/data/strict-json.js";
import { UserError } from "../../../runtime/user-error.js";

const folder = mkdtempSync(join(tmpdir(), "sig-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true }));

let serial = 0;
function file(header: string | Buffer, dataBytes: number, length?: bigint): string {
  const text = Buffer.from(header as string);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length ?? BigInt(text.length));
  const path = join(folder, `${serial++}.safetensors`);
  writeFileSync(path, Buffer.concat([size, text, Buffer.alloc(dataBytes)]));
  return path;
}
const entry = (dtype: string, shape: string, begin: number, end: number) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

function refusal(act: () => unknown): UserError {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("reading", () => {
  // safetensors.numpy.save({"b": int64 [1, -2], "a": float32 [[1, 2]]}, {"by": "x"}) of the reference implementation
  const reference =
    '{"__metadata__":{"by":"x"},"b":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[16,24]}}';

  test("a file of the reference implementation is read, with its metadata", () => {
    const data = Buffer.concat([Buffer.from(BigInt64Array.from([1n, -2n]).buffer), Buffer.from(Float32Array.from([1, 2]).buffer)]);
    const path = file(reference.padEnd(Math.ceil(reference.length / 8) * 8, " "), 0);
    writeFileSync(path, Buffer.concat([readFileSync(path), data]));
    const open = Safetensors.open(path);
    expect(open.metadata).toEqual(new Map([["by", "x"]]));
    expect(open.read("b")).toEqual(hostArray("i32", [2], Int32Array.from([1, -2])));
    expect(open.read("a")).toEqual(hostArray("f32", [1, 2], Float32Array.from([1, 2])));
    open.close();
  });

  test("a missing key names the keys that are there", () => {
    const open = Safetensors.open(file(`{"x":${entry("F32", "[1]", 0, 4)}}`, 4));
    expect(refusal(() => open.read("y")).help).toEqual(["it holds: x"]);
    open.close();
  });

  test("names of object members are ordinary names and pollute nothing", () => {
    const path = join(folder, "proto.safetensors");
    const one = hostArray("f32", [1], Float32Array.of(1));
    const tensors = new Map([
      ["__proto__", one],
      ["constructor", one],
      ["10", one],
      ["9", one],
    ]);
    writeSafetensors(path, tensors, new Map([["__proto__", "x"]]));
    expect(new Set(readSafetensors(path).keys())).toEqual(new Set(tensors.keys()));
    expect(({} as Record<string, unknown>)["dtype"]).toBeUndefined();
    const polluting = `{"__proto__":${entry("F32", "[1]", 0, 4)}}`;
    expect([...readSafetensors(file(polluting, 4)).keys()]).toEqual(["__proto__"]);
  });

  test("metadata under the name __proto__ is kept", () => {
    const path = join(folder, "proto-metadata.safetensors");
    writeSafetensors(
      path,
      new Map(),
      new Map([
        ["__proto__", "x"],
        ["a", "b"],
      ]),
    );
    const open = Safetensors.open(path);
    expect(open.metadata).toEqual(
      new Map([
        ["__proto__", "x"],
        ["a", "b"],
      ]),
    );
    open.close();
  });
});

describe("writing", () => {
  test("every dtype and shape comes back, by whole, by rows, and each element is aligned", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.record({
            key: fc.string({ minLength: 1, maxLength: 8 }).filter((key) => key !== "__metadata__"),
            dtype: fc.constantFrom("bool", "i32", "u32", "bf16", "f16", "f32", "f64"),
            shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
          }),
          { maxLength: 5, selector: ({ key }) => key },
        ),
        (specs) => {
          const tensors = new Map<string, HostArray>(
            specs.map(({ key, dtype, shape }) => {
              const count = shape.reduce((a, b) => a * b, 1);
              return [
                key,
                convert(
                  hostArray(
                    "f64",
                    shape,
                    Float64Array.from({ length: count }, (_, i) => i),
                  ),
                  dtype,
                ),
              ];
            }),
          );
          const path = join(folder, "round-trip.safetensors");
          writeSafetensors(path, tensors);
          expect(new Map([...readSafetensors(path)].sort())).toEqual(new Map([...tensors].sort()));
          const open = Safetensors.open(path);
          for (const [key, array] of tensors) {
            expect(open.find(key).offset % array.data.BYTES_PER_ELEMENT).toBe(0);
            const [rows, ...rest] = array.shape;
            if (rows === undefined || rows < 2) continue;
            const width = rest.reduce((a, b) => a * b, 1);
            expect([...open.readRows(key, 1, rows - 1).data]).toEqual([...array.data.subarray(width)]);
          }
          open.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  test("the order in which tensors come does not change the bytes", () => {
    const a = hostArray("f32", [2], Float32Array.of(1, 2));
    const b = hostArray("f64", [1], Float64Array.of(3));
    const [p, q] = [join(folder, "p.safetensors"), join(folder, "q.safetensors")];
    writeSafetensors(
      p,
      new Map<string, HostArray>([
        ["a", a],
        ["b", b],
      ]),
      new Map([
        ["x", "1"],
        ["y", "2"],
      ]),
    );
    writeSafetensors(
      q,
      new Map<string, HostArray>([
        ["b", b],
        ["a", a],
      ]),
      new Map([
        ["y", "2"],
        ["x", "1"],
      ]),
    );
    expect(readFileSync(p)).toEqual(readFileSync(q));
  });

  test("the returned hash is that of the file", async () => {
    const { createHash } = await import("node:crypto");
    const path = join(folder, "hash.safetensors");
    const { sha256, bytes } = writeSafetensors(path, new Map([["a", hostArray("f32", [3], Float32Array.of(1, 2, 3))]]));
    expect(createHash("sha256").update(readFileSync(path)).digest("hex")).toBe(sha256);
    expect(readFileSync(path).length).toBe(bytes);
  });

  test("a write that fails half-way leaves the old file and nothing beside it", () => {
    const inner = mkdtempSync(join(folder, "fail-"));
    const path = join(inner, "x.safetensors");
    writeSafetensors(path, new Map());
    const before = readFileSync(path);
    const broken = {
      dtype: "f32",
      shape: [1],
      get data(): Float32Array {
        throw new Error("gone");
      },
    } as unknown as HostArray;
    expect(() => writeSafetensors(path, new Map([["a", broken]]))).toThrow("gone");
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(inner)).toEqual(["x.safetensors"]);
    expect(refusal(() => writeSafetensors(join(path, "below-a-file"), new Map())).code).toBe("SIG6005");
  });
});

describe("hostile and broken files are refused by code and reason", () => {
  const f32 = (shape: string, begin: number, end: number) => entry("F32", shape, begin, end);
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  test.each([
    ["shorter than its length field", () => join(folder, "short"), "less than the length"],
    ["a header longer than the file", () => file("{}", 0, 100n), "its length is 100, and 2 bytes follow"],
    ["a header of 2^64 - 1 bytes", () => file("{}", 0, 2n ** 64n - 1n), "its length is 18446744073709551615"],
    ["no header", () => file("", 0), "does not start with {"],
    ["a header that is a list", () => file("[]", 0), "does not start with {"],
    ["not UTF-8", () => file(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 0), "not UTF-8"],
    ["not JSON", () => file("{x}", 0), "a string was expected"],
    ["a tensor twice", () => file(`{"x":${f32("[1]", 0, 4)},"x":${f32("[1]", 4, 8)}}`, 8), "appears twice"],
    ["a field twice", () => file(`{"x":{"dtype":"F32","dtype":"F64","shape":[1],"data_offsets":[0,4]}}`, 4), "appears twice"],
    ["nesting without end", () => file(`{"x":${deep}}`, 0), "nesting deeper than 3"],
    ["an unknown field", () => file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"run":"rm"}}`, 4), 'unknown field "run"'],
    ["metadata that is no text", () => file(`{"__metadata__":{"a":1}}`, 0), 'metadata "a" is not text'],
    ["metadata that is no object", () => file(`{"__metadata__":3}`, 0), "not an object"],
    ["an unknown dtype", () => file(`{"x":${entry("F8_E4M3", "[4]", 0, 4)}}`, 4), "dtype F8_E4M3"],
    ["a dtype named like an object member", () => file(`{"x":${entry("constructor", "[4]", 0, 4)}}`, 4), "dtype constructor"],
    ["a shape that overflows", () => file(`{"x":${f32("[4294967296,4294967296]", 0, 0)}}`, 0), "too many elements"],
    ["an overflow hidden behind a zero", () => file(`{"x":${f32("[0,4294967296,4294967296]", 0, 0)}}`, 0), "too many elements"],
    ["a negative size", () => file(`{"x":${f32("[-1]", 0, 4)}}`, 4), "shape is not a list"],
    ["a fractional size", () => file(`{"x":${f32("[1.5]", 0, 6)}}`, 6), "shape is not a list"],
    ["a size beyond 2^53", () => file(`{"x":${f32("[9007199254740993]", 0, 4)}}`, 4), "shape is not a list"],
    ["one offset", () => file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}`, 4), "not two integers"],
    ["offsets in the wrong order", () => file(`{"x":${f32("[1]", 4, 0)}}`, 4), "begins at 4 and ends before"],
    ["a tensor beyond the end", () => file(`{"x":${f32("[2]", 0, 8)}}`, 4), "ends at byte 8 of 4"],
    ["a size that is not shape times dtype", () => file(`{"x":${f32("[3]", 0, 8)}}`, 8), "needs 12 bytes, and its offsets give 8"],
    ["overlapping tensors", () => file(`{"x":${f32("[2]", 0, 8)},"y":${f32("[1]", 4, 8)}}`, 8), "overlaps"],
    ["a gap", () => file(`{"x":${f32("[1]", 0, 4)},"y":${f32("[1]", 8, 12)}}`, 12), "4 bytes before it belong to no tensor"],
    ["bytes at the end", () => file(`{"x":${f32("[1]", 0, 4)}}`, 7), "3 bytes at the end"],
    ["text after the header", () => file(`{"x":${f32("[1]", 0, 4)}} x`, 4), "something follows"],
  ])("%s", (_, make, reason) => {
    writeFileSync(join(folder, "short"), Buffer.alloc(5));
    const error = refusal(() => Safetensors.open(make()));
    expect(error.code).toMatch(/^SIG602\d$/);
    expect(error.message).toContain(reason);
  });

  test("any cut or change of a byte is either refused or read (seed printed on failure)", () => {
    const good = readFileSync(file(`{"x":${entry("I64", "[2]", 0, 16)},"y":${entry("BF16", "[1,2]", 16, 20)}}`, 20));
    const path = join(folder, "fuzz.safetensors");
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, cut) => {
        const bad = Buffer.from(good);
        bad[at] = value;
        for (const content of [bad, bad.subarray(0, cut)]) {
          writeFileSync(path, content);
          try {
            readSafetensors(path);
          } catch (error) {
            if (!(error instanceof UserError)) throw error;
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("strict JSON", () => {
  const plain = (json: unknown): unknown =>
    json instanceof Map
      ? Object.fromEntries([...json].map(([key, value]) => [key, plain(value)]))
      : Array.isArray(json)
        ? json.map(plain)
        : json;

  test("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(plain(parseStrictJson(text, 10))).toEqual(JSON.parse(text));
      }),
    );
  });

  test("strings and spaces of millions of characters overflow no stack", () => {
    for (const unit of ["a", "\\n", "\\\\", '\\"', "\\u0041"]) {
      const key = unit.repeat(2_000_000);
      expect(parseStrictJson(`{"${key}":1}`, 3)).toEqual(new Map([[JSON.parse(`"${key}"`), 1]]));
      expect(() => parseStrictJson(`{"${key}`, 3)).toThrow("a string does not end");
    }
    expect(parseStrictJson(`{${" ".repeat(8_000_000)}}`, 3)).toEqual(new Map());
    expect(() => parseStrictJson("9".repeat(8_000_000), 3)).not.toThrow();
  });

  test("refuses what JSON.parse refuses", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:0123-+.eEtrufalsn \n\t\\') }), (text) => {
        let legal = true;
        try {
          JSON.parse(text);
        } catch {
          legal = false;
        }
        if (!legal) expect(() => parseStrictJson(text, 10)).toThrow(JsonError);
      }),
      { numRuns: 1000 },
    );
  });
});
