import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type HostArray, hostArray } from "../../../runtime/data/host-array.js";
import { RowFile } from "../../../runtime/data/row-file.js";
import { Safetensors, writeSafetensors } from "../../../runtime/data/safetensors.js";

const folder = mkdtempSync(join(tmpdir(), "sig-rows-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const f32 = (rows: number, from: number) =>
  hostArray(
    "f32",
    [rows, 2],
    Float32Array.from({ length: 2 * rows }, (_, k) => from + k),
  );
const f64 = (rows: number, from: number) =>
  hostArray(
    "f64",
    [rows],
    Float64Array.from({ length: rows }, (_, k) => from + k),
  );

test("pieces of rows make the file that the whole tensors make, byte for byte", () => {
  const [pieces, whole] = [join(folder, "new/pieces.safetensors"), join(folder, "whole.safetensors")];
  const metadata = new Map([["keys", "abc"]]);
  const file = new RowFile(pieces);
  file.append("a", f32(3, 0));
  file.append("b", f64(1, 7));
  file.append("a", f32(1, 6));
  file.append("b", f64(2, 8));
  const written = file.finish(metadata);
  file.close();
  const tensors = new Map<string, HostArray>([
    ["a", f32(4, 0)],
    ["b", f64(3, 7)],
  ]);
  expect(written).toEqual(writeSafetensors(whole, tensors, metadata));
  expect(readFileSync(pieces).equals(readFileSync(whole))).toBe(true);
  const open = Safetensors.open(pieces);
  expect([open.metadata.get("keys"), open.read("b").data]).toEqual(["abc", Float64Array.of(7, 8, 9)]);
  open.close();
  expect(readdirSync(join(folder, "new"))).toEqual(["pieces.safetensors"]);
});

test("closed before its end it leaves nothing, and an older file stays", () => {
  const path = join(folder, "kept.safetensors");
  writeSafetensors(path, new Map([["a", f32(1, 0)]]));
  const before = readFileSync(path);
  const file = new RowFile(path);
  file.append("a", f32(3, 5));
  file.close();
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
});

test("a folder that cannot be made is the user's to mend, and rows that change are our own mistake", () => {
  const file = new RowFile("/proc/nowhere/x.safetensors");
  expect(() => file.append("a", f32(1, 0))).toThrow(expect.objectContaining({ code: "SIG6005" }));
  const other = new RowFile(join(folder, "other.safetensors"));
  other.append("a", f32(1, 0));
  expect(() => other.append("a", f64(1, 0))).toThrow(/change their type/);
  other.close();
});
