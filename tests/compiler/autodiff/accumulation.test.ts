/** A value read in several places gets the sum of what each place sends back. */
import { expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import { parseGraph } from "../../../compiler/graph/parse.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { scalarValue } from "../../../runtime/engines/reference/value.js";

/** d loss / d x at x. */
function slopeAt(x: number, body: string): number {
  const source = parseGraph(`%x = input "x" : f64[]\n${body}\noutput "loss" = %loss`);
  const { graph } = differentiate(source, { of: "loss", wrt: ["x"] });
  if (graph === null) throw new Error("not differentiable");
  return evaluateGraph(graph, new Map([["x", scalarValue(x)]]), {}).get("grad.x")?.data[0] ?? Number.NaN;
}

const x = 0.7;

test("both operands of one op", () => {
  expect(slopeAt(x, "%loss = mul %x, %x")).toBeCloseTo(2 * x, 14);
});

test("two ops", () => {
  expect(slopeAt(x, "%s = sin %x\n%e = exp %x\n%loss = add %s, %e")).toBeCloseTo(Math.cos(x) + Math.exp(x), 14);
});

test("a value on the way, read three times", () => {
  const body = "%y = exp %x\n%a = mul %y, %y\n%b = sin %y\n%loss = add %a, %b";
  expect(slopeAt(x, body)).toBeCloseTo((2 * Math.exp(x) + Math.cos(Math.exp(x))) * Math.exp(x), 12);
});
