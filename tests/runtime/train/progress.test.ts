import { describe, expect, test } from "vitest";
import { duration, Progress } from "../../../runtime/train/progress.js";

const watch = (live: boolean, columns = 200) => {
  let clock = 0;
  const written: string[] = [];
  const progress = new Progress({ write: (text) => written.push(text), live, columns, now: () => clock });
  progress.begin();
  const step = (number: number, ms: number, loss = 1) => {
    clock += ms;
    progress.step({ step: number, steps: 100, loss, lr: 1e-3, batch: 64, last: number === 100 });
  };
  return { progress, written, step };
};

describe("progress", () => {
  test("a log gets a line every ten seconds and the last one, not one a step", () => {
    const { written, step } = watch(false);
    for (let i = 1; i <= 100; i++) step(i, 250);
    expect(written.map((line) => line.split("  ")[0])).toEqual(["step 1/100", "step 41/100", "step 81/100", "step 100/100"]);
    expect(written.join("")).not.toContain("\u001b");
  });

  test("speed and time left follow the recent steps", () => {
    const { written, step } = watch(false);
    for (let i = 1; i <= 40; i++) step(i, 1000);
    expect(written.at(-1)).toBe("step 31/100  loss 1.000  lr 0.001  64 examples/s  1 min 9 s left\n");
  });

  test("a terminal's line is rewritten, never wider than the terminal, and left standing at the end", () => {
    const { progress, written, step } = watch(true, 20);
    step(1, 500);
    step(2, 10);
    step(3, 200);
    progress.end();
    expect(written).toEqual(["\r\u001b[2Kstep 1/100  loss 1.", "\r\u001b[2Kstep 3/100  loss 1.", "\n"]);
  });

  test.each([
    [0.2, "1 s"],
    [59.1, "1 min 0 s"],
    [112, "1 min 52 s"],
    [11_100, "3 h 5 min"],
  ])("%d seconds read %s", (seconds, text) => expect(duration(seconds)).toBe(text));
});
