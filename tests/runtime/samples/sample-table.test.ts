import { expect, test } from "vitest";
import { SampleTable } from "../../../runtime/samples/sample-table.js";

test("places are kept through growing, beyond 32 bits, and after trimming", () => {
  const table = new SampleTable();
  const place = (i: number) => ({ start: i * 2 ** 33, end: i * 2 ** 33 + 7, note: (2 ** 32 - 1 - i) >>> 0 });
  for (let i = 0; i < 3000; i++) {
    const { start, end, note } = place(i);
    table.add(start, end, note);
  }
  table.trim();
  table.add(1, 2, 3);
  expect(table.count).toBe(3001);
  for (const i of [0, 1, 1023, 1024, 2047, 2048, 2999]) expect(table.at(i)).toEqual(place(i));
  expect(table.at(3000)).toEqual({ start: 1, end: 2, note: 3 });
  for (const i of [-1, 3001, 0.5, NaN]) expect(() => table.at(i)).toThrow(`sample ${i} of 3001`);
});
