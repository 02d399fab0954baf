import { expect, test } from "vitest";
import { sigc } from "./invoke.js";

test("without a command the help goes to stderr, and the code says that nothing was done", async () => {
  const { exit, out, err } = await sigc();
  expect([exit, out]).toEqual([2, ""]);
  expect(err).toMatch(/Usage: sigc [^]*\btrain\b/);
});

test("asked for, the help is the result", async () => {
  const { exit, out, err } = await sigc("--help");
  expect([exit, err]).toEqual([0, ""]);
  expect(out).toMatch(/Usage: sigc [^]*\btrain\b/);
});

test("an unknown command is a mistake of the command line", async () => {
  const { exit, out, err } = await sigc("rnu");
  expect([exit, out]).toEqual([2, ""]);
  expect(err).toContain("unknown command 'rnu'");
});
