import { describe, expect, test } from "vitest";
import { formatBytes, parseBytes } from "../../../runtime/cli/human-bytes.js";

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

  test.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1024 * 1024 - 1, "1.0 MiB"],
    [1536, "1.5 KiB"],
    [12 * 2 ** 30, "12.0 GiB"],
    [5000 * 2 ** 50, "5000.0 PiB"],
  ])("%d bytes read %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});
