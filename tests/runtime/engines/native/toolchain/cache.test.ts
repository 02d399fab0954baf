/** Entries of the cache without a compiler: any bytes will do for a library that nobody loads. */
import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Cache, cacheLimit, keyOf, openCache } from "../../../../../runtime/engines/native/toolchain/cache.js";
import { cacheUse, emptyCache } from "../../../../../runtime/engines/native/toolchain/cache-entries.js";
import { scratch } from "./workbench.js";

const root = scratch();
let count = 0;
const freshKey = (): string => keyOf({ number: (count += 1) });
const freshCache = (limit = ""): Cache & { readonly folder: string } => {
  const folder = mkdtempSync(join(root, "cache-"));
  return { ...openCache({ environment: { SIG_CACHE_DIR: folder, SIG_CACHE_MAX: limit } }), folder };
};

function put(cache: Cache, key: string, content: string | Uint8Array = `library of ${key}`): string {
  const stage = cache.stage(key);
  writeFileSync(stage.library, content);
  return stage.publish().path;
}

/** Long enough ago that nobody may be about to load it. */
function age(cache: { readonly folder: string }, key: string, minutes: number): void {
  const then = new Date(Date.now() - minutes * 60_000);
  utimesSync(join(cache.folder, key), then, then);
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("an entry", () => {
  test("is found again, with what was put, and by its own key only", () => {
    const cache = freshCache();
    const [key, other] = [freshKey(), freshKey()];
    const path = put(cache, key, "the bytes");
    expect(cache.find(key)).toMatchObject({ kept: { path }, notes: [] });
    expect(readFileSync(path, "utf8")).toBe("the bytes");
    expect(cache.find(other)).toEqual({ kept: null, notes: [] });
    expect(cache.folder === null ? [] : readdirSync(cache.folder)).toEqual([key]);
  });

  const big = "x".repeat(5000);
  const damages: Readonly<Record<string, (entry: string) => void>> = {
    "a flipped bit": (entry) => writeFileSync(join(entry, "library.so"), "the bytez"),
    "a library cut short": (entry) => truncateSync(join(entry, "library.so"), 4),
    "a library grown": (entry) => writeFileSync(join(entry, "library.so"), "the bytes and more"),
    "no library": (entry) => rmSync(join(entry, "library.so")),
    "a library that is a link": (entry) => {
      renameSync(join(entry, "library.so"), join(root, "moved.so"));
      symlinkSync(join(root, "moved.so"), join(entry, "library.so"));
    },
    "a library that is a folder": (entry) => {
      rmSync(join(entry, "library.so"));
      mkdirSync(join(entry, "library.so"));
    },
    "a library without its description": (entry) => rmSync(join(entry, "entry.json")),
    "a description that is no JSON": (entry) => writeFileSync(join(entry, "entry.json"), "{"),
    "a description of other types": (entry) => writeFileSync(join(entry, "entry.json"), '{"bytes":"9","sha256":[]}'),
    "a description that is null": (entry) => writeFileSync(join(entry, "entry.json"), "null"),
    "a description too long to read": (entry) =>
      writeFileSync(join(entry, "entry.json"), JSON.stringify({ bytes: 9, sha256: sha256("the bytes"), big })),
    "a planted file in place of the folder": (entry) => {
      rmSync(entry, { recursive: true });
      writeFileSync(entry, "planted");
    },
    "a planted link in place of the folder": (entry) => {
      renameSync(entry, `${entry}-moved`);
      symlinkSync(`${entry}-moved`, entry);
    },
  };

  test.each(Object.keys(damages))("with %s is not given out: it is removed, told once, and can be put anew", (name) => {
    const cache = freshCache();
    const key = freshKey();
    put(cache, key, "the bytes");
    damages[name]?.(join(cache.folder, key));
    expect(cache.find(key)).toEqual({ kept: null, notes: [expect.stringMatching(/is not what was built \(.*\): it was removed/)] });
    expect(lstatSync(join(cache.folder, key), { throwIfNoEntry: false })).toBeUndefined();
    expect(cache.find(key).notes).toEqual([]);
    put(cache, key, "the bytes");
    expect(cache.find(key).kept).not.toBeNull();
  });

  test("that another process published meanwhile stands, and is what the second gets", () => {
    const cache = freshCache();
    const key = freshKey();
    const [first, second] = [cache.stage(key), cache.stage(key)];
    writeFileSync(first.library, "first");
    writeFileSync(second.library, "second");
    first.publish();
    expect(readFileSync(second.publish().path, "utf8")).toBe("first");
    expect(readdirSync(cache.folder)).toEqual([key]);
  });

  test("that another process published and somebody damaged gives way", () => {
    const cache = freshCache();
    const key = freshKey();
    const second = cache.stage(key);
    writeFileSync(second.library, "second");
    truncateSync(put(cache, key), 1);
    expect(readFileSync(second.publish().path, "utf8")).toBe("second");
  });

  test("that is discarded leaves nothing", () => {
    const cache = freshCache();
    const stage = cache.stage(freshKey());
    writeFileSync(stage.library, "half");
    stage.discard();
    expect(readdirSync(cache.folder)).toEqual([]);
  });
});

describe("the limit", () => {
  const content = new Uint8Array(1000);
  /** Entries of a process that is gone: this one keeps what it was given. */
  function filled(limit: string): { readonly cache: Cache & { readonly folder: string }; readonly keys: readonly string[] } {
    const cache = freshCache(limit);
    const keys = [1, 2, 3, 4].map(() => {
      const key = freshKey();
      const held = put(cache, freshKey(), content);
      const entry = join(cache.folder, key);
      renameSync(join(held, ".."), entry);
      return key;
    });
    return { cache, keys };
  }

  test("is kept by removing what was not used for longest", () => {
    const { cache, keys } = filled("4 kB");
    for (const [i, key] of keys.entries()) age(cache, key, 10 + i);
    const latest = freshKey();
    put(cache, latest, content);
    // 4000 bytes hold three entries of 1000 and their descriptions.
    expect(readdirSync(cache.folder).sort()).toEqual([keys[0], keys[1], latest].sort());
  });

  test("finding an entry makes it the last to go", () => {
    const { cache, keys } = filled("4 kB");
    for (const [i, key] of keys.entries()) age(cache, key, 10 + i);
    const oldest = keys[3] ?? "";
    cache.find(oldest);
    const latest = freshKey();
    put(cache, latest, content);
    expect(readdirSync(cache.folder).sort()).toEqual([keys[0], oldest, latest].sort());
  });

  test("never removes what this process was given, nor what any process was given within the last minute", () => {
    const { cache, keys } = filled("1kB");
    const mine = freshKey();
    put(cache, mine, content);
    for (const key of [...keys.slice(1), mine]) age(cache, key, 10);
    const latest = freshKey();
    put(cache, latest, content);
    expect(readdirSync(cache.folder).sort()).toEqual([keys[0], mine, latest].sort());
  });

  test("also clears away what a process left half made, but nothing that one may be making now", () => {
    const cache = freshCache();
    const unfinished = (pid: number, minutes: number): string => {
      const name = `.${freshKey()}.${pid}.${"a".repeat(12)}.tmp`;
      mkdirSync(join(cache.folder, name));
      age(cache, name, minutes);
      return name;
    };
    // No process has the highest number there is.
    const [dead, alive, young] = [unfinished(4194304 + 1, 5), unfinished(process.pid, 5), unfinished(4194304 + 1, 0)];
    const stale = unfinished(process.pid, 90);
    put(cache, freshKey());
    const left = readdirSync(cache.folder);
    expect([dead, alive, young, stale].map((name) => left.includes(name))).toEqual([false, true, true, false]);
  });

  test("is read from SIG_CACHE_MAX, with or without a unit, and is 512 MiB otherwise", () => {
    expect([cacheLimit({}), cacheLimit({ SIG_CACHE_MAX: "3000" }), cacheLimit({ SIG_CACHE_MAX: "2GiB" })]).toEqual([
      2 ** 29,
      3000,
      2 ** 31,
    ]);
    expect(() => cacheLimit({ SIG_CACHE_MAX: "lots" })).toThrow(/is no amount of memory/);
  });
});

describe("emptying", () => {
  test("removes entries and counts them with their bytes, and leaves everything else", () => {
    const cache = freshCache();
    put(cache, freshKey(), "12345");
    put(cache, freshKey(), "123");
    const [note, folder] = [join(cache.folder, "note.txt"), join(cache.folder, "photos")];
    writeFileSync(note, "mine");
    mkdirSync(folder);
    const use = cacheUse(cache.folder);
    expect(use.entries).toBe(2);
    expect(use.bytes).toBeGreaterThan(8);
    expect(emptyCache(cache.folder)).toEqual(use);
    expect(readdirSync(cache.folder).sort()).toEqual(["note.txt", "photos"]);
    expect(cacheUse(cache.folder)).toEqual({ entries: 0, bytes: 0 });
    expect(existsSync(note)).toBe(true);
  });

  test("of a folder that is not there is nothing", () => expect(emptyCache(join(root, "nowhere"))).toEqual({ entries: 0, bytes: 0 }));
});
