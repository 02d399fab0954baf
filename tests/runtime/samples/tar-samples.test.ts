import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { pack } from "tar-stream";
import { afterAll, describe, expect, test } from "vitest";
import { BrokenSample, openSamples, type SampleIndex } from "../../../runtime/samples/open-samples.js";
import { SampleTable } from "../../../runtime/samples/sample-table.js";
import { indexShard } from "../../../runtime/samples/tar-shard.js";
import { UserError } from "../../../runtime/user-error.js";
import { brokenBy, refusedBy } from "./refusals.js";
import { END, type Entry, entryBytes, pax, tar } from "./tar-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "sig-tar-"));
afterAll(() => rmSync(folder, { recursive: true }));

let serial = 0;
function shard(bytes: Uint8Array): string {
  const path = join(folder, `${serial++}.tar`);
  writeFileSync(path, bytes);
  return path;
}

async function withSamples<T>(bytes: Uint8Array, use: (index: SampleIndex) => Promise<T>): Promise<T> {
  const index = await openSamples([shard(bytes)]);
  try {
    return await use(index);
  } finally {
    index.close();
  }
}
/** Every position: its key, or the code of what is wrong with it. */
const outline = (bytes: Uint8Array) =>
  withSamples(bytes, async (index) => {
    const found: string[] = [];
    for (let i = 0; i < index.count; i++)
      found.push(
        await index.read(i).then(
          ({ key }) => key,
          (error: unknown) => {
            if (error instanceof BrokenSample) return error.code;
            throw error;
          },
        ),
      );
    return found;
  });
const text = async (bytes: Promise<Uint8Array | null>): Promise<string | null> => {
  const found = await bytes;
  return found === null ? null : Buffer.from(found).toString();
};
const pair = (key: string): readonly Entry[] => [
  { name: `${key}.png`, content: `picture ${key}` },
  { name: `${key}.txt`, content: `text ${key}` },
];

describe("reading", () => {
  test("what tar-stream writes, long names, folders and large files among it", async () => {
    const long = `${"folder/".repeat(30)}0002`;
    const large = Buffer.alloc(200_000, "large ");
    const archive = pack();
    archive.entry({ name: "a", type: "directory" });
    archive.entry({ name: "a/0001.jpg" }, "one");
    archive.entry({ name: "a/0001.seg.PNG" }, large);
    archive.entry({ name: "README" }, "no sample");
    archive.entry({ name: "a/0001.json" }, '\uFEFF{"captions":{"en":"dog","ko":["개"]},"a.b":1}');
    archive.entry({ name: `${long}.txt` }, "two");
    archive.entry({ name: "a/ключ.txt" }, "three");
    archive.finalize();
    await withSamples(await buffer(archive), async (index) => {
      expect(index.count).toBe(3);
      expect(index.damage).toEqual([]);
      const first = await index.read(0);
      expect(first.key).toBe("a/0001");
      expect(first.origin).toMatch(/\.tar, key a\/0001$/);
      expect(await text(first.bytes("jpg"))).toBe("one");
      expect(Buffer.from((await first.bytes("seg.png")) ?? []).equals(large)).toBe(true);
      expect(await first.bytes("txt")).toBeNull();
      expect(await first.value("json.captions.en")).toBe("dog");
      expect(await first.value("json.captions.ko")).toEqual(["개"]);
      expect(await first.value("json.captions.fr")).toBeNull();
      expect(await first.value("json.a.b")).toBe(1);
      expect(await first.value("json")).toBeInstanceOf(Map);
      expect(await first.value("txt")).toBeNull();
      expect((await index.read(1)).key).toBe(long);
      expect(await (await index.read(2)).value("txt")).toBe("three");
    });
  });

  test("names as GNU tar and as pax have them", async () => {
    const name = `${"x".repeat(300)}.txt`;
    const gnu: readonly Entry[] = [
      { name: "././@LongLink", type: "L", content: `${name}\0` },
      { name: name.slice(0, 100), content: "gnu" },
    ];
    const byPax: readonly Entry[] = [pax({ comment: "ä", path: "p/key.txt" }), { name: "other.bin", content: "pax" }];
    const prefixed: readonly Entry[] = [{ prefix: "front", name: "key.txt", content: "ustar" }];
    // GNU's older form keeps a time where ustar has the prefix.
    const old: readonly Entry[] = [{ prefix: "01234567", name: "old.txt", magic: "ustar  \0", content: "old" }];
    const global = pax({ comment: "by git archive" }, "g");
    expect(await outline(tar(global, ...gnu, ...byPax, ...prefixed, ...old))).toEqual(["x".repeat(300), "p/key", "front/key", "old"]);
  });

  test("sizes in octal with spaces, in base 256 and from pax", async () => {
    const base256 = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4);
    const bytes = tar(
      { name: "a.txt", content: "1234", size: "      4 \0\0\0\0" },
      { name: "b.txt", content: "5678", size: base256 },
      pax({ size: "4" }),
      { name: "c.txt", content: "9abc", size: "00000000000\0" },
    );
    await withSamples(bytes, async (index) => {
      const texts = await Promise.all([0, 1, 2].map(async (i) => (await index.read(i)).value("txt")));
      expect(texts).toEqual(["1234", "5678", "9abc"]);
    });
  });

  test("the key ends at the first dot of the base name; hidden files and names without a dot are no sample's", async () => {
    const names = ["./a.b/0001.x.txt", "a.b/0001.png", "a.b/.DS_Store", "LICENSE", "a.b/0002.txt", "trailing."];
    expect(await outline(tar(...names.map((name) => ({ name }))))).toEqual(["a.b/0001", "a.b/0002"]);
  });

  test("samples are read in any order and stay readable when the shard was closed for others", async () => {
    const paths = Array.from({ length: 70 }, (_, i) => shard(tar(...pair(`s${i}`))));
    const index = await openSamples(paths);
    const samples = await Promise.all(paths.map((_, i) => index.read(paths.length - 1 - i)));
    expect(await Promise.all(samples.map((sample) => sample.value("txt")))).toEqual(paths.map((_, i) => `text s${paths.length - 1 - i}`));
    index.close();
  });

  test("the fingerprint follows names and sizes, in order", async () => {
    const fingerprint = (...entries: readonly Entry[]) => withSamples(tar(...entries), async ({ fingerprint }) => fingerprint);
    const [a, b] = [pair("a"), pair("b")];
    const whole = await fingerprint(...a, ...b);
    expect(whole).toMatch(/^[0-9a-f]{64}$/);
    expect(await fingerprint(...a, ...b)).toBe(whole);
    for (const other of [[...b, ...a], [...a], [...a, { name: "b.png", content: "longer picture b" }], [...a, ...pair("c")]])
      expect(await fingerprint(...other)).not.toBe(whole);
  });
});

describe("a sample that cannot be used is named and leaves the others alone", () => {
  const between = (...entries: readonly Entry[]) => tar(...pair("a"), ...entries, ...pair("z"));

  test.each<[string, Entry, RegExp]>([
    ["a symbolic link", { name: "b.png", type: "2" }, /"b\.png" is a symbolic link/],
    ["a hard link", { name: "b.png", type: "1" }, /hard link/],
    ["a link without a dot", { name: "b", type: "2" }, /key b: "b" is a symbolic link/],
    ["a device", { name: "b.png", type: "3" }, /device/],
    ["a pipe", { name: "b.png", type: "6" }, /pipe/],
    ["a sparse file", { name: "b.png", type: "S", content: "x" }, /sparse/],
    ["an unknown type", { name: "b.png", type: "Z" }, /unknown type "Z"/],
    ["an absolute name", { name: "/etc/passwd.txt" }, /absolute/],
    ["an absolute name of Windows", { name: "C:\\b.txt" }, /absolute/],
    ["a name that climbs", { name: "x/../../b.txt" }, /"\.\."/],
    ["a name that climbs, backwards", { name: "x\\..\\b.txt" }, /"\.\."/],
    ["a name that is not UTF-8", { name: "b.txt", patch: [[0, [0xff]]] }, /UTF-8/],
  ])("%s", async (_, entry, message) => {
    await withSamples(between(entry), async (index) => {
      expect(index.count).toBe(3);
      const error = await brokenBy(() => index.read(1));
      expect(error.code).toBe("SIG6210");
      expect(error.message).toMatch(message);
      expect(error.message).toContain(error.origin);
      expect(await (await index.read(2)).value("txt")).toBe("text z");
    });
  });

  test("names that would steer a terminal are shown as their code", async () => {
    await withSamples(between({ name: "\u001b[2J.png", type: "2" }), async (index) => {
      const error = await brokenBy(() => index.read(1));
      expect(`${error.message}${error.origin}`).not.toContain("\u001b");
      expect(error.origin).toMatch(/key \\u\{1b\}\[2J$/);
    });
  });

  test("two names that are not UTF-8 are two samples", async () => {
    const patch = [[0, [0xff]]] as const;
    expect(await outline(between({ name: "bb.txt", patch }, { name: "bc.txt", patch }))).toEqual(["a", "SIG6210", "SIG6210", "z"]);
  });

  test("a sparse file by pax, and a name that is too long", async () => {
    const sparse = [pax({ "GNU.sparse.major": "1" }), { name: "b.png" }];
    const long = [pax({ path: `${"y".repeat(5000)}.txt` }), { name: "c.png" }];
    expect(await outline(between(...sparse, ...long))).toEqual(["a", "SIG6210", "SIG6210", "z"]);
  });

  test("two files with one ending", async () => {
    const bytes = between({ name: "b.png" }, { name: "b.PNG" });
    expect((await withSamples(bytes, (index) => brokenBy(() => index.read(1)))).message).toMatch(/second file with the ending "png"/);
  });

  test("a key that comes again", async () => {
    const bytes = tar(...pair("a"), ...pair("b"), ...pair("a"), ...pair("a/b"));
    expect(await outline(bytes)).toEqual(["a", "b", "SIG6211", "a/b"]);
  });

  test("too many files", async () => {
    expect(await outline(between(...Array.from({ length: 257 }, (_, i) => ({ name: `b.${i}` }))))).toEqual(["a", "SIG6215", "z"]);
  });

  test("text that is not UTF-8, JSON that is none, and what is too large: when it is used", async () => {
    const bytes = tar(
      { name: "a.txt", content: Uint8Array.of(0xff) },
      { name: "a.json", content: '{"x":1,"x":2}' },
      { name: "b.txt", content: Buffer.alloc((1 << 20) + 1, "x") },
      { name: "b.json", content: "[".repeat(100_000) },
    );
    await withSamples(bytes, async (index) => {
      const [a, b] = [await index.read(0), await index.read(1)];
      expect((await brokenBy(() => a.value("txt"))).code).toBe("SIG6216");
      expect((await brokenBy(() => a.value("json"))).message).toMatch(/key a: a\.json is not right: the key "x" appears twice/);
      expect((await brokenBy(() => b.value("txt"))).code).toBe("SIG6214");
      expect((await brokenBy(() => b.value("json"))).message).toMatch(/nesting/);
    });
  });
});

describe("a shard whose end is lost", () => {
  const whole = tar(...pair("a"), ...pair("b"));
  /** Header and content of each member are one block. */
  const block = (n: number): number => n * 512;

  test.each<[string, number, readonly string[], RegExp]>([
    [
      "in a content",
      block(7) + 3,
      ["a", "SIG6212"],
      /key b: .*"b\.txt" has 6 bytes by its header, and 3 are left; the last sample before it is "a"/,
    ],
    ["in the content of the first", block(1) + 1, ["SIG6212"], /no sample before it is whole/],
    ["in a header", block(4) + 100, ["a", "SIG6212"], /100 bytes are left, less than a header/],
    ["between members", block(6), ["a", "b", "SIG6212"], /mark of two empty blocks/],
    ["before the end mark", block(8), ["a", "b", "SIG6212"], /the last sample before it is "b"/],
  ])("cut %s", async (_, length, expected, message) => {
    const bytes = whole.subarray(0, length);
    expect(await outline(bytes)).toEqual(expected);
    await withSamples(bytes, async ({ damage }) => {
      expect(damage).toHaveLength(1);
      expect(damage[0]?.message).toMatch(message);
    });
  });

  test("one empty block is an end, and filling up with zeros is usual", async () => {
    expect(await outline(whole.subarray(0, block(9)))).toEqual(["a", "b"]);
    expect(await outline(Buffer.concat([whole, Buffer.alloc(10240)]))).toEqual(["a", "b"]);
  });

  test.each<[string, Entry | Uint8Array, RegExp]>([
    ["a wrong checksum", { name: "b.txt", wrongBy: 1 }, /checksum/],
    ["a size of letters", { name: "b.txt", size: "zzzzzzzzzzz\0" }, /size/],
    ["a negative size", { name: "b.txt", size: new Uint8Array(12).fill(0xff) }, /size/],
    ["an endless size", { name: "b.txt", size: Uint8Array.of(0x80, ...new Uint8Array(11).fill(0xff)) }, /size/],
    ["a name of 100 kB", { type: "L", content: Buffer.alloc(100_000, "x") }, /a name or record of 100000 bytes/],
    ["pax records that lie about their length", { type: "x", content: "99 path=x\n" }, /pax/],
    ["pax records without end", { type: "x", content: "1111111111111" }, /pax/],
    ["a pax size of letters", pax({ size: "many" }), /pax/],
    ["a pax header for all that names", pax({ path: "x.txt" }, "g"), /global/],
    ["a sparse map that runs on", { name: "b.png", type: "S", patch: [[482, [1]]] }, /runs on/],
    ["something after the end mark", Buffer.concat([END, entryBytes({ name: "c.txt" })]), /follows the mark/],
  ])("damaged: %s", async (_, entry, message) => {
    const bytes = Buffer.concat([...pair("a").map(entryBytes), entry instanceof Uint8Array ? entry : entryBytes(entry), END]);
    expect(await outline(bytes)).toEqual(["a", "SIG6213"]);
    await withSamples(bytes, async ({ damage }) => expect(damage[0]?.message).toMatch(message));
  });

  test("a size far beyond the file takes no memory", async () => {
    const size = "77777777777\0";
    expect(await outline(Buffer.concat([...pair("a").map(entryBytes), entryBytes({ name: "b.png", size })]))).toEqual(["a", "SIG6212"]);
  });
});

describe("what is no shard at all", () => {
  test("a compressed one is refused with the fix", async () => {
    const path = shard(gzipSync(tar(...pair("a"))));
    const error = await refusedBy(() => openSamples([path]));
    expect(error.code).toBe("SIG6202");
    expect(error.help.join()).toContain(`gunzip ${path}`);
  });

  test.each([
    ["nothing", new Uint8Array(0), "SIG6206"],
    ["text", Buffer.alloc(2000, "text "), "SIG6206"],
    ["less than a header", Buffer.alloc(10, 1), "SIG6206"],
    ["an empty shard", END, "SIG6205"],
  ])("%s", async (_, bytes, code) => expect((await refusedBy(() => openSamples([shard(bytes)]))).code).toBe(code));

  test("a shard that grew meanwhile is not read", async () => {
    const path = shard(tar(...pair("a")));
    const index = await openSamples([path]);
    writeFileSync(path, tar(...pair("b"), ...pair("c")));
    expect((await refusedBy(() => index.read(0))).code).toBe("SIG6209");
    index.close();
    await expect(index.read(0)).rejects.toThrow("after the samples were closed");
  });
});

test("a shard of more samples than are counted is refused", async () => {
  const path = shard(tar(...pair("a"), ...pair("b"), ...pair("c")));
  const error = await refusedBy(() => indexShard(path, new SampleTable(), createHash("sha256"), 2));
  expect(error.code).toBe("SIG6208");
  expect(indexShard(path, new SampleTable(), createHash("sha256"), 3).damage).toBeNull();
});

test("a text ends before its last line break", async () => {
  await withSamples(tar({ name: "a.txt", content: " one\n\r\n" }), async (index) => {
    expect(await (await index.read(0)).value("txt")).toBe(" one\n");
  });
});

test("a shard that was changed under the reader is not trusted", async () => {
  const path = shard(tar(...pair("a"), ...pair("b")));
  const index = await openSamples([path]);
  for (const changed of [
    Buffer.alloc(10 * 512),
    tar(...pair("a"), { name: "b.png", wrongBy: 1 }, { name: "b.txt" }, { name: "c", content: "c" }),
  ]) {
    writeFileSync(path, changed.subarray(0, 10 * 512));
    expect((await brokenBy(() => index.read(1))).message).toMatch(/changed while it was in use/);
  }
  index.close();
});

test("a member of five gigabytes is skipped, refused when it is asked for, and what follows is found behind it", async () => {
  const large = 5 * 2 ** 30;
  const path = shard(entryBytes({ name: "a.png", size: `${large.toString(8).padStart(11, "0")}\0` }));
  const behind = Buffer.concat([...pair("b").map(entryBytes), END]);
  const file = openSync(path, "r+");
  // All between is a hole and takes no room on the disk.
  writeSync(file, behind, 0, behind.length, 512 + large);
  closeSync(file);
  const before = process.memoryUsage().rss;
  const index = await openSamples([path]);
  const [a, b] = [await index.read(0), await index.read(1)];
  expect((await brokenBy(() => a.bytes("png"))).code).toBe("SIG6214");
  expect(await b.value("txt")).toBe("text b");
  expect(process.memoryUsage().rss - before).toBeLessThan(32 << 20);
  index.close();
  rmSync(path);
});

test("many samples, each found again at its position", async () => {
  const count = 5000;
  const bytes = tar(
    ...Array.from({ length: count }, (_, i) => [
      { name: `${i}.txt`, content: String(i) },
      { name: `${i}.cls`, content: "0" },
    ]).flat(),
  );
  await withSamples(bytes, async (index) => {
    expect(index.count).toBe(count);
    for (let i = 0; i < count; i += 97) expect(await (await index.read(i)).value("txt")).toBe(String(i));
    await expect(index.read(count)).rejects.toThrow("sample 5000 of 5000");
  });
});

describe("any bytes", () => {
  const good = tar(...pair("a"), pax({ path: "b.txt" }), { name: "long", content: "b" }, ...pair("c"), { name: "d.json", content: "{}" });

  /** Opens, reads all of it, and gives the keys; anything but the two kinds of refusal is a fault. */
  async function survive(bytes: Uint8Array): Promise<readonly string[]> {
    try {
      return await withSamples(bytes, async (index) => {
        const keys: string[] = [];
        for (let i = 0; i < index.count; i++) {
          try {
            const sample = await index.read(i);
            for (const column of ["png", "txt"]) await sample.bytes(column);
            await sample.value("json.x");
            keys.push(sample.key);
          } catch (error) {
            if (!(error instanceof BrokenSample)) throw error;
          }
        }
        return keys;
      });
    } catch (error) {
      if (error instanceof UserError) return [];
      throw error;
    }
  }

  test("random bytes never crash", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => void (await survive(bytes))),
      { numRuns: 100 },
    );
  });

  test("a good shard with bytes changed never crashes and invents no key in the samples before the change", async () => {
    const before = await survive(good);
    expect(before).toEqual(["a", "b", "c", "d"]);
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = Buffer.from(good);
        for (const [at, byte] of changes) bytes[at] = byte;
        const first = Math.min(...changes.map(([at]) => at));
        const keys = await survive(bytes);
        // "a" is the first four blocks.
        if (first >= 2048) expect(keys[0]).toBe("a");
      }),
      { numRuns: 200 },
    );
  });

  test("a good shard cut anywhere keeps what is whole before the cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length), async (length) => {
        const keys = await survive(good.subarray(0, length));
        expect(["a", "b", "c", "d"].slice(0, keys.length)).toEqual(keys);
        if (length >= 2048) expect(keys[0]).toBe("a");
      }),
      { numRuns: 100 },
    );
  });

  test("headers whose fields are random but whose checksum is right", async () => {
    const field = fc.uint8Array({ minLength: 12, maxLength: 12 });
    const entry = fc.record({ size: field, type: fc.constantFrom(..."0123456789xgLKSVA"), content: fc.uint8Array({ maxLength: 600 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 4 }), async (entries) => {
        const named = entries.map((fields, i) => entryBytes({ name: `k${i}.png`, ...fields }));
        await survive(Buffer.concat([...pair("a").map(entryBytes), ...named, END]));
      }),
      { numRuns: 200 },
    );
  });
});

test("reading writes nothing", () => {
  expect(readdirSync(folder).every((name) => /^\d+\.tar$/.test(name))).toBe(true);
});
