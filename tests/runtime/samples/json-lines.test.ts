import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { BrokenSample, openSamples, type SampleIndex } from "../../../runtime/samples/open-samples.js";
import { UserError } from "../../../runtime/user-error.js";
import { brokenBy, refusedBy } from "./refusals.js";

const outside = mkdtempSync(join(tmpdir(), "sig-lines-"));
const folder = join(outside, "set");
mkdirSync(join(folder, "inner"), { recursive: true });
writeFileSync(join(outside, "secret"), "secret");
writeFileSync(join(folder, "inner", "a.png"), "picture");
symlinkSync(join(outside, "secret"), join(folder, "link.png"));
symlinkSync(outside, join(folder, "up"));
symlinkSync(join(folder, "inner", "a.png"), join(folder, "within.png"));
afterAll(() => rmSync(outside, { recursive: true }));

let serial = 0;
async function withLines<T>(content: string | Uint8Array, use: (index: SampleIndex) => Promise<T>): Promise<T> {
  const path = join(folder, `${serial++}.jsonl`);
  writeFileSync(path, content);
  const index = await openSamples([path]);
  try {
    return await use(index);
  } finally {
    index.close();
  }
}
const first = (line: string, column: string) => withLines(line, async (index) => (await index.read(0)).bytes(column));

describe("reading", () => {
  test("keys, values by path, and files beside the manifest", async () => {
    const lines = '{"key":"x","image":"inner/a.png","captions":{"en":["dog"]},"n":1}\n{"key":7,"image":"./inner/../within.png"}\n{}\n';
    await withLines(lines, async (index) => {
      expect(index.count).toBe(3);
      const [x, seven, none] = [await index.read(0), await index.read(1), await index.read(2)];
      expect([x.key, seven.key, none.key]).toEqual(["x", "7", "3"]);
      expect(x.origin).toMatch(/\.jsonl:1$/);
      expect(await x.value("captions.en")).toEqual(["dog"]);
      expect(await x.value("n")).toBe(1);
      expect(await x.value("captions.ko")).toBeNull();
      for (const sample of [x, seven]) expect(Buffer.from((await sample.bytes("image")) ?? []).toString()).toBe("picture");
      expect(await none.bytes("image")).toBeNull();
    });
  });

  test("a byte order mark, CRLF, blank lines and a last line without an end; numbers count every line", async () => {
    const lines = '\uFEFF{"key":"a"}\r\n\r\n \t\n{"x":1}\n\n{"key":"c"}';
    await withLines(lines, async (index) => {
      const samples = await Promise.all(Array.from({ length: index.count }, (_, i) => index.read(i)));
      expect(samples.map(({ key }) => key)).toEqual(["a", "4", "c"]);
      expect(samples[2]?.origin).toMatch(/:6$/);
    });
  });

  test("lines across the pieces in which a file is read", async () => {
    const lines = Array.from({ length: 6 }, (_, i) => JSON.stringify({ key: `k${i}`, text: "x".repeat(400_000 + i) }));
    await withLines(lines.join("\n"), async (index) => {
      expect(index.count).toBe(6);
      for (let i = 0; i < 6; i++) expect(await (await index.read(i)).value("text")).toHaveLength(400_000 + i);
    });
  });

  test("the fingerprint is that of the text", async () => {
    const fingerprint = (text: string) => withLines(text, async ({ fingerprint }) => fingerprint);
    expect(await fingerprint('{"a":1}')).toBe(await fingerprint('{"a":1}'));
    expect(await fingerprint('{"a":1}')).not.toBe(await fingerprint('{"a":2}'));
  });

  test("names of object members are ordinary names", async () => {
    await withLines('{"__proto__":{"key":"x"},"constructor":1}', async (index) => {
      const sample = await index.read(0);
      expect(sample.key).toBe("1");
      expect(await sample.value("toString")).toBeNull();
      expect(await sample.value("__proto__.key")).toBe("x");
    });
  });
});

describe("a line that cannot be used is named and leaves the others alone", () => {
  test.each([
    ["is no JSON", "{", "SIG6217", /:2: the line is not right/],
    ["has a key twice", '{"a":1,"a":2}', "SIG6217", /twice/],
    ["is a list", "[1]", "SIG6221", /must be object/],
    ["is a word", "null", "SIG6221", /must be object/],
    ["has a key of another kind", '{"key":[]}', "SIG6221", /key must be string,integer/],
    ["is nested without end", '{"a":'.repeat(2000), "SIG6217", /nesting/],
    ["is too long", `{"a":"${"x".repeat(1 << 20)}"}`, "SIG6220", /1048584 bytes/],
    ["holds a zero", '{"a":1}\0', "SIG6217", /follows the document/],
  ])("%s", async (_, line, code, message) => {
    await withLines(`{"key":"a"}\n${line}\n{"key":"z"}\n`, async (index) => {
      expect(index.count).toBe(3);
      const error = await brokenBy(() => index.read(1));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
      expect((await index.read(2)).key).toBe("z");
    });
  });

  test("it is not UTF-8", async () => {
    expect((await brokenBy(() => withLines(Uint8Array.of(0x7b, 0xff, 0x7d), (index) => index.read(0)))).message).toMatch(/UTF-8/);
  });

  test.each([
    ["an absolute name", JSON.stringify(join(folder, "inner", "a.png")), "SIG6223", /absolute/],
    ["an absolute name of Windows", String.raw`"C:\\a.png"`, "SIG6223", /absolute/],
    ["a name that climbs", '"../secret"', "SIG6223", /leaves/],
    ["a name that climbs late", '"inner/../../secret"', "SIG6223", /leaves/],
    ["the folder itself", '"."', "SIG6223", /leaves/],
    ["a link that leads out", '"link.png"', "SIG6223", /by a link/],
    ["a folder that leads out", '"up/secret"', "SIG6223", /by a link/],
    ["no such file", '"none.png"', "SIG6224", /no such file/],
    ["a folder", '"inner"', "SIG6224", /not a regular file/],
    ["an empty name", '""', "SIG6224", /no name/],
    ["a name with a zero", String.raw`"a\u0000.png"`, "SIG6224", /no name/],
    ["a name that is too long", JSON.stringify("x".repeat(5000)), "SIG6224", /too long/],
    ["a number", "5", "SIG6222", /the number 5/],
    ["an object", "{}", "SIG6222", /an object/],
  ])("its file is %s", async (_, name, code, message) => {
    const error = await brokenBy(() => first(`{"image":${name}}`, "image"));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/\.jsonl:1: /);
  });

  test("its file is too large", async () => {
    writeFileSync(join(folder, "large.png"), "");
    // A hole: it takes no room on the disk.
    truncateSync(join(folder, "large.png"), (256 << 20) + 1);
    expect((await brokenBy(() => first('{"image":"large.png"}', "image"))).code).toBe("SIG6214");
  });
});

test("a line without end is read in pieces and never kept", async () => {
  const path = join(folder, "endless.jsonl");
  writeFileSync(path, "");
  truncateSync(path, 64 << 20);
  const before = process.memoryUsage().rss;
  const index = await openSamples([path]);
  expect(index.count).toBe(1);
  expect((await brokenBy(() => index.read(0))).message).toMatch(/67108864 bytes/);
  expect(process.memoryUsage().rss - before).toBeLessThan(32 << 20);
  index.close();
});

test("random bytes never crash", async () => {
  const piece = fc.oneof(
    fc.constantFrom("{", "}", '"', "\n", "\r\n", ",", ":", "[", "]", '{"image":"a"}', '{"key":1}', "\uFEFF"),
    fc.string({ unit: "binary", maxLength: 5 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
      try {
        await withLines(pieces.join(""), async (index) => {
          for (let i = 0; i < index.count; i++) {
            try {
              await (await index.read(i)).bytes("image");
            } catch (error) {
              if (!(error instanceof BrokenSample)) throw error;
            }
          }
        });
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }),
    { numRuns: 200 },
  );
});

test("an empty manifest has no samples", async () => {
  expect((await refusedBy(() => withLines("\n \n", async () => {}))).code).toBe("SIG6205");
});
