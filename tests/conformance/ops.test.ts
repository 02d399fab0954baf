/** Every engine, op by op, against the oracle. Composites are decomposed before an engine sees them; loops are in `programs`. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Value } from "../../runtime/engines/reference/value.js";
import { evaluateGraph } from "../../runtime/engines/reference/evaluate.js";
import { matrixError } from "../support/close.js";
import { type OpCase, opCases } from "./op-cases.js";
import { isFloat, loadGraphs, missing, portTypes, type Runs, rounded, subjects } from "./subjects.js";

/** The error of the worst element, each measured against itself; of the smallest normal f32 and below, nothing is asked. */
function eachError(actual: Value, expected: Value): number {
  return expected.data.reduce(
    (worst, e, k) => Math.max(worst, matrixError({ shape: [1], data: [actual.data[k] ?? Number.NaN] }, { shape: [1], data: [e] }, 1e-33)),
    0,
  );
}

const measures = { each: eachError, largest: (actual: Value, expected: Value) => matrixError(actual, expected) } as const satisfies Record<
  OpCase["measure"],
  unknown
>;

const graphs = Object.values(opCases).flatMap((cases: readonly OpCase[]) => cases.map(({ graph }) => graph));

describe.each(subjects)("$name $precision", (subject) => {
  let loaded: Runs;
  beforeAll(async () => {
    loaded = await loadGraphs(subject, graphs);
  }, 300_000);
  afterAll(() => loaded.dispose());

  for (const [op, cases] of Object.entries(opCases))
    for (const { name, graph, inputs, measure } of cases as readonly OpCase[])
      test(`${op}: ${name}`, async () => {
        const types = portTypes(graph);
        const given = rounded(inputs, types.inputs, subject.precision);
        const { outputs } = await loaded.run(graph, given, {}, {});
        const actual = outputs.get("result");
        const expected = rounded(evaluateGraph(graph, given, {}), types.outputs, subject.precision).get("result");
        if (actual === undefined || expected === undefined) throw new Error("no result");
        expect(actual.shape).toEqual(expected.shape);
        const error = measures[measure](actual, expected);
        const tolerance = isFloat(types.outputs.get("result")) ? subject.tolerance : 0;
        if (error > tolerance)
          expect.fail(
            `error ${error}\n  actual   ${[...actual.data].join(" ")}\n  expected ${[...expected.data].join(" ")}`.slice(0, 3000),
          );
      });
});

for (const { name, reason } of missing) test(`${name} is not here: ${reason}`, ({ skip }) => skip(reason));
