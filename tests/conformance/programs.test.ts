/** Whole programs on every engine against the oracle, and every byte against the plan. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isTile } from "../../compiler/graph/graph.js";
import { printGraph } from "../../compiler/graph/print.js";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import { expectAllClose } from "../support/close.js";
import { type ProgramCase, programCases, seed, ways } from "./random-programs.js";
import { loadGraphs, type Runs, subjects } from "./subjects.js";

async function expectSame(loaded: Runs, { graph, inputs, dims, blocks, seed: id }: ProgramCase, tolerance: number): Promise<void> {
  try {
    const expected = evaluateGraph(graph, inputs, dims, { blocks });
    const wrong: string[] = [];
    const { outputs, plan, peakBytes } = await loaded.run(graph, inputs, dims, blocks, ({ statement, plannedBytes, actualBytes }) => {
      if (plannedBytes !== actualBytes) wrong.push(`statement ${statement}: ${actualBytes} bytes, planned ${plannedBytes}`);
    });
    expect(wrong).toEqual([]);
    // Planned without running every block, measured at every statement.
    expect(peakBytes).toBe(plan.peakBytes);
    expectAllClose(outputs, expected, tolerance, 1e-2);
  } catch (error) {
    throw new Error(
      `program ${id}, n = ${dims.n}, m = ${dims.m}, blocks ${JSON.stringify(blocks)}\n${printGraph(graph, { spans: false })}`,
      { cause: error },
    );
  }
}

/** The plan's own interpreter has more of these in its own tests. */
const others = subjects.filter(({ name }) => name !== "planref");

describe.each(others)(`$name $precision: random pair programs, seed ${seed}`, (subject) => {
  const cases = programCases(subject);
  let loaded: Runs;
  beforeAll(async () => {
    loaded = await loadGraphs(
      subject,
      cases.map(({ graph }) => graph),
    );
  }, 300_000);
  afterAll(() => loaded.dispose());

  test.each(ways)("%s", async (way) => {
    const these = cases.filter((one) => one.way === way);
    for (const one of these) await expectSame(loaded, one, subject.tolerance);
    const tiles = these.flatMap(({ graph }) => graph.nodes.filter(isTile)).length;
    if (way === "whole") expect(tiles).toBe(0);
    else expect(tiles).toBeGreaterThan(these.length / 2);
  });
});
