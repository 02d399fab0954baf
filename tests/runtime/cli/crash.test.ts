import { expect, test } from "vitest";
import { runCli } from "../../../runtime/cli/cli.js";
import { wantsColour, wantsLiveLines, type Console } from "../../../runtime/cli/console.js";
import { expectJson, scratchFolder } from "./invoke.js";

const { write } = scratchFolder();
const program = write("p.sig", "pipeline p {\n  batch n\n  input x: f32[n]\n  loss = sum(x)\n}\n");

/** A stderr that fails at its first word: as good a bug of ours as any. */
function faulty(): { readonly console: Console; readonly told: { out: string; err: string } } {
  const told = { out: "", err: "" };
  let calls = 0;
  const err = (text: string): void => {
    if (calls++ === 0) throw new TypeError("cannot read properties of undefined");
    told.err += text;
  };
  const out = (text: string): void => void (told.out += text);
  return {
    told,
    console: { out, err, colour: { out: false, err: false }, liveLines: false, columns: 80, onInterrupt: () => () => undefined },
  };
}

test("a bug of ours exits with 70, says so, and keeps stdout one JSON document", async () => {
  const { console, told } = faulty();
  expect(await runCli(["run", program, "--synthetic", "1", "--set", "n=2", "--engine", "tfjs", "--json"], console)).toBe(70);
  expect(expectJson("failure", told.out)["error"]).toMatchObject({ code: "SIG9000", exit: 70 });
  expect(told.err).toContain("This is a bug in sigc, not in your program.");
  expect(told.err).toContain(process.version);
});

test("without --json a bug leaves stdout empty", async () => {
  const { console, told } = faulty();
  expect(await runCli(["run", program, "--synthetic", "1", "--set", "n=2", "--engine", "tfjs"], console)).toBe(70);
  expect(told.out).toBe("");
});

test.each([
  [true, {}, true, true],
  [false, {}, false, false],
  [true, { TERM: "dumb" }, false, false],
  [true, { NO_COLOR: "1" }, false, false],
  [true, { NO_COLOR: "" }, true, true],
  [false, { FORCE_COLOR: "1" }, true, false],
  [true, { FORCE_COLOR: "0" }, false, true],
  [true, { FORCE_COLOR: "1", NO_COLOR: "1" }, false, false],
] as const)("terminal %s with %j: colour %s, rewritten lines %s", (tty, env, colour, live) => {
  expect([wantsColour(tty, env), wantsLiveLines(tty, env)]).toEqual([colour, live]);
});
