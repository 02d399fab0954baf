/** Losses written as textbooks write them, at logits of ±1e4: finite, right, and with the right gradient. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/backward.js";
import { parseGraph } from "../../../compiler/graph/parse.js";
import { canonicalise } from "../../../compiler/passes/canonicalise.js";
import { stabilise } from "../../../compiler/passes/stabilise.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { valueOf } from "../../../runtime/engines/reference/value.js";

const logits = [-1e4, -103, -40, -1.5, 0, 0.75, 40, 103, 1e4];
const targets = [0, 1, 0.25, 1, 0, 0.5, 1, 0, 0];

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

type Spelling = { readonly text: string; readonly loss: number; readonly gradient: readonly number[] };
const each = (f: (x: number, y: number) => number): readonly number[] => logits.map((x, k) => f(x, targets[k] ?? 0));
const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

const high = Math.max(...logits);
const lse = high + Math.log(total(logits.map((x) => Math.exp(x - high))));
const targetSum = total(targets);

const one = "%one_ = const 1 : f64[]\n%one = broadcast %one_ : f64[9]";
const softmaxByHand = "%e = exp %l\n%s = sum %e {axes = [0]}\n%b = broadcast %s : f64[9]\n%p = div %e, %b";
const crossEntropy = "%lp = log %p\n%a = mul %y, %lp\n%r = neg %a";
const shifted =
  "%m = max %l {axes = [0]}\n%mb = broadcast %m : f64[9]\n%d = sub %l, %mb\n%e = exp %d\n%s = sum %e {axes = [0]}\n%b = broadcast %s : f64[9]\n%p = div %e, %b";

const binary = { loss: total(each((x, y) => y * softplus(-x) + (1 - y) * softplus(x))), gradient: each((x, y) => sigmoid(x) - y) };
const categorical = { loss: total(each((x, y) => y * (lse - x))), gradient: each((x, y) => targetSum * Math.exp(x - lse) - y) };

const spellings: Readonly<Record<string, Spelling>> = {
  "−(y log σ(l) + (1 − y) log(1 − σ(l)))": {
    ...binary,
    text: `${one}\n%s = sigmoid %l\n%p = log %s\n%t = sub %one, %s\n%q = log %t\n%u = sub %one, %y\n%a = mul %y, %p\n%b = mul %u, %q\n%c = add %a, %b\n%r = neg %c`,
  },
  "the same with 1 / (1 + exp(−l)) for σ": {
    ...binary,
    text: `${one}\n%n = neg %l\n%e = exp %n\n%d = add %one, %e\n%s = div %one, %d\n%p = log %s\n%t = sub %one, %s\n%q = log %t\n%u = sub %one, %y\n%a = mul %y, %p\n%b = mul %u, %q\n%c = add %a, %b\n%r = neg %c`,
  },
  "log(1 + exp(l)) − y l": { ...binary, text: `${one}\n%e = exp %l\n%a = add %one, %e\n%s = log %a\n%b = mul %y, %l\n%r = sub %s, %b` },
  "−y log(exp l / Σ exp l)": { ...categorical, text: `${softmaxByHand}\n${crossEntropy}` },
  "−y log softmax(l)": { ...categorical, text: `%p = softmax %l {axis = 0}\n${crossEntropy}` },
  "the maximum taken off by hand": { ...categorical, text: `${shifted}\n${crossEntropy}` },
};

describe.each(Object.entries(spellings))("%s", (_, { text, loss, gradient }) => {
  const source = parseGraph(
    `%l = input "l" : f64[9]\n%y = input "y" : f64[9]\n${text}\n%loss = sum %r {axes = [0]}\noutput "loss" = %loss`,
  );
  const stable = stabilise.run(canonicalise.run(source).graph).graph;
  const result = differentiate(stable, { of: "loss", wrt: ["l"] });
  if (result.graph === null) throw new Error("no gradient");
  const values = evaluateGraph(
    result.graph,
    new Map([
      ["l", valueOf([9], logits)],
      ["y", valueOf([9], targets)],
    ]),
    {},
  );

  test("the loss", () => expect((values.get("loss")?.data[0] ?? Number.NaN) / loss).toBeCloseTo(1, 12));
  test("the gradient", () => {
    gradient.forEach((g, k) => expect(values.get("grad.l")?.data[k]).toBeCloseTo(g, 11));
  });
});

test("as written, without the pass, these overflow: the pass is what makes them right", () => {
  const source = parseGraph(
    `%l = input "l" : f64[9]\n%y = input "y" : f64[9]\n${softmaxByHand}\n${crossEntropy}\n%loss = sum %r {axes = [0]}\noutput "loss" = %loss`,
  );
  const values = evaluateGraph(
    source,
    new Map([
      ["l", valueOf([9], logits)],
      ["y", valueOf([9], targets)],
    ]),
    {},
  );
  expect(values.get("loss")?.data[0]).toBeNaN();
});
