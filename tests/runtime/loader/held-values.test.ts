import { expect, test } from "vitest";
import { HeldValues } from "../../../runtime/loader/held-values.js";

const picture = (bytes: number) => ({ kind: "picture", picture: { width: 1, height: 1, pixels: new Uint8Array(bytes) } }) as const;

test("what came first stays, and the bound holds", () => {
  const held = new HeldValues(10_000);
  for (let row = 0; row < 100; row++) held.keep("image", row, picture(1000));
  expect(held.bytes).toBeLessThanOrEqual(10_000);
  expect(held.count).toBe(8);
  expect(held.get("image", 0)).not.toBeNull();
  expect(held.get("image", 7)).not.toBeNull();
  expect(held.get("image", 8)).toBeNull();
  // Smaller values still fit beside them.
  held.keep("tokens", 3, { kind: "ids", ids: new Int32Array(16) });
  expect(held.get("tokens", 3)).not.toBeNull();
  expect(held.get("image", 50)).toBeNull();
  expect(held.bytes).toBeLessThanOrEqual(10_000);
});

test("a value is counted once", () => {
  const held = new HeldValues(10_000);
  held.keep("image", 1, picture(1000));
  const { bytes } = held;
  held.keep("image", 1, picture(1000));
  expect(held.bytes).toBe(bytes);
});
