import { describe, expect, test } from "vitest";
import { parseBytes } from "../../runtime/parse-bytes.js";

describe("amounts of memory", () => {
  test.each([
    ["2GiB", 2 ** 31],
    ["512 MiB", 2 ** 29],
    ["1.5GB", 1.5e9],
    ["4096", 4096],
    ["0.3KiB", 307],
    ["7b", 7],
    ["1tib", 2 ** 40],
  ])("%s is %d bytes", (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  test.each(["", "GiB", "-1GiB", "2 gigs", "1e9", "0", "0.0001KiB", "99999999TiB", "2GiB!", "constructor"])("%j is refused", (text) =>
    expect(parseBytes(text)).toBeNull(),
  );
});
