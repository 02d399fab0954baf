/** What cannot go block by block is refused with the cause, the pair value and what needs it: both by their place in the file. */
import { describe, expect, test } from "vitest";
import type { PassNote } from "../../../compiler/passes/pass.js";
import { evaluateGraph } from "../../../runtime/engines/reference/evaluate.js";
import { expectClose } from "../../support/close.js";
import { compileText } from "../../support/compile-text.js";
import { randomFrom } from "../../support/random.js";

const head = `pipeline p {
  batch n, m
  input x : f32[n, 8]
  input y : f32[m, 8]
  input w : f32[n]
  s = x @ y.T
`;

type Refusal = {
  readonly name: string;
  readonly lines: readonly string[];
  readonly reason: RegExp;
  /** Text that the first span lies on, and the second. */
  readonly value: string;
  readonly user: string;
  readonly gradients?: boolean;
};

const refusals: readonly Refusal[] = [
  {
    name: "a running sum along a row",
    lines: ["c = cumsum(s, axis: 1)", "loss = sum(c) / n"],
    reason: /cumsum runs along paired axis 1/,
    value: "x @ y.T",
    user: "cumsum(s, axis: 1)",
  },
  {
    name: "a running sum along a column",
    lines: ["c = cumsum(s, axis: 0)", "loss = sum(c) / n"],
    reason: /cumsum runs along paired axis 0/,
    value: "x @ y.T",
    user: "cumsum(s, axis: 0)",
  },
  {
    name: "sorting a row",
    lines: ["c = sort(s, axis: 1)", "loss = sum(c) / n"],
    reason: /sort orders along paired axis 1/,
    value: "x @ y.T",
    user: "sort(s, axis: 1)",
    gradients: false,
  },
  {
    name: "sorting a column",
    lines: ["c = sort(s, axis: 0)", "loss = sum(c) / n"],
    reason: /sort orders along paired axis 0/,
    value: "x @ y.T",
    user: "sort(s, axis: 0)",
    gradients: false,
  },
  {
    name: "a reshape that merges the pairs",
    lines: ["c = reshape(s, [n * m])", "loss = sum(exp(c)) / n"],
    reason: /reshape merges or splits a paired axis/,
    value: "x @ y.T",
    user: "reshape(s, [n * m])",
  },
  {
    name: "joining rows",
    lines: ["c = concat([s, s], axis: 0)", "loss = sum(exp(c)) / n"],
    reason: /concat joins along paired axis 0/,
    value: "x @ y.T",
    user: "concat([s, s], axis: 0)",
  },
  {
    name: "joining columns",
    lines: ["c = concat([s, s], axis: 1)", "loss = sum(exp(c)) / n"],
    reason: /concat joins along paired axis 1/,
    value: "x @ y.T",
    user: "concat([s, s], axis: 1)",
  },
  {
    name: "a product of two pair values",
    lines: ["c = s @ exp(s).T", "loss = sum(c) / n"],
    reason: /contracted with another pair value/,
    value: "exp(s)",
    user: "s @ exp(s).T",
    gradients: false,
  },
  {
    name: "three batch axes",
    lines: ["c[i, j, k] = tanh(s[i, j]) * s[i, k]", "loss = sum[i, j, k](exp(c[i, j, k])) / n"],
    reason: /three batch axes/,
    value: "tanh(s[i, j])",
    user: "",
    gradients: false,
  },
  {
    name: "a late factor under a maximum",
    lines: ["total = sum(s)", "q = s * total", "loss = sum(max(q, axis: 1)) / n"],
    reason: /max is not linear/,
    value: "max(q, axis: 1)",
    user: "sum(s)",
    gradients: false,
  },
  {
    name: "a late factor under logsumexp",
    lines: ["total = sum(s)", "q = s * total", "loss = sum(logsumexp(q, axis: 1)) / n"],
    reason: /logsumexp is not linear/,
    value: "logsumexp(q, axis: 1)",
    user: "sum(s)",
    gradients: false,
  },
  {
    name: "a late factor under a minimum",
    lines: ["total = sum(s)", "q = s * total", "loss = sum(min(q, axis: 0)) / n"],
    reason: /min is not linear/,
    value: "min(q, axis: 0)",
    user: "sum(s)",
    gradients: false,
  },
  {
    name: "a cut that shifts the rows",
    lines: ["c = s[1:n, :]", "loss = sum(exp(c)) / n"],
    reason: /slice shifts paired axis 0/,
    value: "x @ y.T",
    user: "1:n",
  },
  {
    name: "positions computed for each pair in a table with a batch axis",
    lines: ["k[i, j] = where(s[i, j] > 0, i, 0)", "loss = sum[i, j](w[k[i, j]] * s[i, j]) / n"],
    reason: /positions of a table/,
    value: "where(s[i, j] > 0, i, 0)",
    user: "w[k[i, j]]",
    gradients: false,
  },
];

const dims = { n: 7, m: 5 };
function draw(): ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float64Array }> {
  const random = randomFrom(11);
  const value = (...shape: number[]) => ({
    shape,
    data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal() / 3),
  });
  return new Map([
    ["x", value(dims.n, 8)],
    ["y", value(dims.m, 8)],
    ["w", value(dims.n)],
  ]);
}

const textOf = (text: string, note: PassNote): readonly string[] => note.spans.map(({ start, end }) => text.slice(start, end));

describe("refusals", () => {
  for (const { name, lines, reason, value, user, gradients } of refusals)
    test(name, () => {
      const text = `${head}${lines.map((line) => `  ${line}\n`).join("")}}`;
      const { notes, program, template } = compileText(text, { gradients: gradients ?? true });
      const refused = notes.filter((note) => note.kind === "refused" && reason.test(note.reason));
      expect(refused, notes.map((note) => `${note.kind}: ${note.reason}`).join("\n")).not.toHaveLength(0);
      const places = refused.map((note) => textOf(text, note));
      expect(
        places.some(([first, second]) => first?.includes(value) === true && second?.includes(user) === true),
        JSON.stringify(places),
      ).toBe(true);
      // Refused, and still right: the program as written against the one with whole pair values.
      const inputs = draw();
      const [actual, expected] = [
        evaluateGraph(template.graph, inputs, dims, { blocks: { i: 3, j: 4 } }),
        evaluateGraph(program.graph, inputs, dims),
      ];
      expectClose("loss", actual.get("loss"), expected.get("loss"), 1e-12);
    });

  test("an output names the value and the output", () => {
    const text = `${head}  loss = sum(exp(s)) / n\n  output s\n}`;
    const { notes } = compileText(text);
    const [refused] = notes.filter((note) => note.kind === "refused");
    expect(refused?.reason).toBe('the program outputs it as "s"');
    expect(textOf(text, refused ?? { kind: "refused", reason: "", spans: [] })[0]).toBe("x @ y.T");
  });
});
