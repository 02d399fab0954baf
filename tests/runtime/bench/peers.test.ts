import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { disagreement } from "../../../runtime/bench/agreement.js";
import { peersOf } from "../../../runtime/bench/peer-list.js";
import { findPython } from "../../../runtime/bench/python.js";
import { parseReport } from "../../../runtime/bench/run-peer.js";

const folder = new URL("../../bench/peers/", import.meta.url);

test("every script of the manifest is there, and every script that measures is in it", () => {
  const { peers, programs } = JSON.parse(readFileSync(new URL("manifest.json", folder), "utf8")) as {
    readonly peers: Readonly<Record<string, { readonly script: string }>>;
    readonly programs: Readonly<Record<string, { readonly squares: Readonly<Record<string, number>> }>>;
  };
  const measuring = readdirSync(folder).filter(
    (name) => name.endsWith(".py") && /^harness\.main\(/m.test(readFileSync(new URL(name, folder), "utf8")),
  );
  expect([...new Set(Object.values(peers).map(({ script }) => script))].sort()).toEqual(measuring.sort());
  for (const { squares } of Object.values(programs)) expect(Object.keys(peers)).toEqual(expect.arrayContaining(Object.keys(squares)));
});

test("a framework means all its peers, each with both heaps; a name means that one", () => {
  const named = (wanted: readonly string[]) => peersOf("siglip", wanted, "gradients").map(({ name, heap }) => `${name} ${heap}`);
  expect(named(["jax"])).toEqual(["jax-jit default", "jax-jit tuned"]);
  expect(named(["torch-eager", "jax"])).toHaveLength(4);
  expect(new Set(named(["torch"])).size).toBe(8);
  expect(named(["jax/tuned", "torch-eager/default"])).toEqual(["torch-eager default", "jax-jit tuned"]);
  expect(peersOf("no such pipeline", ["torch"], "gradients")).toEqual([]);
  expect(() => named(["troch"])).toThrow('no peer "troch"');
});

test("an interpreter that is not there is a reason, not a crash", async () => {
  expect(await findPython({ SIG_PYTHON: "/no/such/python" }).missing("torch")).toContain("there is no /no/such/python");
});

test("a module that is not there is a reason, in Python's words", async ({ skip }) => {
  const python = findPython();
  if ((await python.missing("numpy")) !== null) return skip("there is no Python with numpy");
  expect(await python.missing("no_such_framework")).toContain("No module named");
});

test("a peer that divides by n² is caught by the norm of its gradient; rounding is not", () => {
  const ours = new Map([
    ["loss", 10],
    ["grad.image", 0.5],
  ]);
  expect(disagreement(new Map([["loss", 10.00001]]), ours)).toBeNull();
  expect(disagreement(new Map([["grad.image", 0.5 / 64]]), ours)).toContain("grad.image");
  expect(disagreement(new Map([["grad.image", Number.NaN]]), ours)).toContain("grad.image");
  expect(disagreement(new Map([["grad.other", 1]]), ours)).toContain("we do not");
  expect(disagreement(new Map(), ours)).not.toBeNull();
});

test("a line that is no measurement is refused whole", () => {
  const good = { version: "t 1", warmup: 1, timed: 2, medianMs: 3, minMs: 2, maxMs: 4, growthBytes: null, norms: { loss: 1 } };
  expect(parseReport(JSON.stringify(good))?.timing.medianMs).toBe(3);
  for (const bad of ["", "Traceback", "[]", "null", JSON.stringify({ ...good, medianMs: "3" }), JSON.stringify({ ...good, norms: null })])
    expect(parseReport(bad), bad).toBeNull();
});
