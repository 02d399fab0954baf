import fc from "fast-check";
import { expect, test } from "vitest";
import { fitSquare } from "../../../runtime/demo/fit-square.js";

test("is the mean over the area of each pixel, white outside the box, for any box and size", () => {
  const width = 9;
  const height = 7;
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 71) % 256);
  const boxes = fc.tuple(fc.nat(width - 1), fc.nat(height - 1)).chain(([left, top]) =>
    fc.record({
      left: fc.constant(left),
      top: fc.constant(top),
      width: fc.integer({ min: 1, max: width - left }),
      height: fc.integer({ min: 1, max: height - top }),
    }),
  );
  fc.assert(
    fc.property(boxes, fc.integer({ min: 1, max: 5 }), (box, size) => {
      const got = fitSquare(rgb, width, box, size);
      // Oracle: every source pixel and every target pixel cut into the same small squares, so that borders meet exactly.
      const side = Math.max(box.width, box.height);
      const fine = 2 * size;
      for (let y = 0; y < size; y++)
        for (let x = 0; x < size; x++)
          for (let c = 0; c < 3; c++) {
            let sum = 0;
            for (let v = 0; v < 2 * side; v++)
              for (let u = 0; u < 2 * side; u++) {
                const sourceY = Math.floor((y * 2 * side + v) / fine - (side - box.height) / 2);
                const sourceX = Math.floor((x * 2 * side + u) / fine - (side - box.width) / 2);
                const inside = sourceX >= 0 && sourceX < box.width && sourceY >= 0 && sourceY < box.height;
                sum += inside ? (rgb[((box.top + sourceY) * width + box.left + sourceX) * 3 + c] ?? 0) : 255;
              }
            // Within the rounding of a half, which two ways of adding may see from two sides.
            expect(Math.abs((got[(y * size + x) * 3 + c] ?? NaN) - sum / (4 * side * side))).toBeLessThanOrEqual(0.5 + 1e-9);
          }
    }),
    { numRuns: 40 },
  );
});
