/** Plans broken by one change each: the verifier must say what is wrong, and where it cannot, the poison must. */
import { describe, expect, test } from "vitest";
import type { Plan, PlanStatement } from "../../../compiler/plan/plan.js";
import { escapes, verifyPlan } from "../../../compiler/plan/verify-plan.js";
import { PlanViolation } from "../../../runtime/engines/planref/memory.js";
import type { Value } from "../../../runtime/engines/reference/value.js";
import { planOf, runPlan, templateOf } from "../../support/plan-graph.js";
import { randomFrom } from "../../support/random.js";
import { tiledSiglip } from "../../support/tiled-siglip.js";
import { GraphBuilder } from "../../../compiler/graph/builder.js";
import { batch } from "../../../compiler/graph/size.js";

const dims = { n: 13, m: 7 };
const blocks = { i: 5, j: 4 };
const template = templateOf(tiledSiglip(3));
const plan = planOf(template, dims, blocks);

function siglipInputs(): ReadonlyMap<string, Value> {
  const random = randomFrom(7);
  const array = (...shape: number[]): Value => ({
    shape,
    data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random.normal),
  });
  return new Map([
    ["X", array(13, 3)],
    ["Y", array(7, 3)],
    ["t_prime", array()],
    ["bias", array()],
  ]);
}

type Call = Extract<PlanStatement, { kind: "call" }>;
/** Changes the calls, numbered in order. */
function change(of: Plan, edit: (call: Call, k: number) => Call | null): Plan {
  let k = 0;
  const walk = (list: readonly PlanStatement[]): readonly PlanStatement[] =>
    list.flatMap((statement): readonly PlanStatement[] => {
      if (statement.kind === "for") return [{ ...statement, body: walk(statement.body) }];
      const changed = statement.kind === "call" ? edit(statement, k++) : statement;
      return changed === null ? [] : [changed];
    });
  return { ...of, statements: walk(of.statements) };
}
/** The three contractions follow two maps of scalars. */
const [logits, dX, dY] = [2, 3, 4];
const lastView = (call: Call, edit: (view: Call["operands"][number]) => Call["operands"][number]): Call => ({
  ...call,
  operands: call.operands.map((view, k) => (k === call.operands.length - 1 ? edit(view) : view)),
});

describe("the verifier refuses", () => {
  const cases: readonly (readonly [string, Plan, RegExp])[] = [
    ["a dropped producer", change(plan, (call, k) => (k === logits ? null : call)), /read at step \d+ before it is written/],
    [
      "a result that does not move with its loop",
      change(plan, (call, k) => (k === dY ? lastView(call, (v) => ({ ...v, bases: [] })) : call)),
      /overwrite each other/,
    ],
    [
      "a sum that starts afresh in every block",
      change(plan, (call, k) => (k === dX ? { ...call, first: [[]] } : call)),
      /overwrite each other/,
    ],
    [
      "a window one row too far",
      change(plan, (call, k) => (k === dX ? lastView(call, (v) => ({ ...v, offset: v.offset + 3 })) : call)),
      /reaches element 41 of 39/,
    ],
    [
      "a forgotten edge",
      change(plan, (call, k) =>
        k === dX
          ? lastView(call, (v) => ({ ...v, dims: v.dims.map((d) => ({ ...d, extent: typeof d.extent === "number" ? d.extent : 5 })) }))
          : call,
      ),
      /reaches element/,
    ],
    [
      "buffers that share bytes",
      { ...plan, buffers: plan.buffers.map((b) => (b.offset === null ? b : { ...b, offset: 0 })) },
      /share bytes/,
    ],
    ["an arena that is too small", { ...plan, arenaBytes: plan.arenaBytes - 64 }, /leaves the arena/],
    [
      "an early free",
      { ...plan, statements: [...plan.statements.slice(0, 1), { kind: "free", buffer: 9 }, ...plan.statements.slice(1)] },
      /outside its life|after it is freed/,
    ],
    ["an output that nobody writes", { ...plan, statements: plan.statements.slice(0, 2) }, /output loss is never written/],
  ];
  test.each(cases)("%s", (_, bad, message) => {
    expect(() => verifyPlan(bad, template.kernels)).toThrow(message);
  });
  test("nothing in a good plan", () => verifyPlan(plan, template.kernels));
});

describe("the poison finds, without the verifier,", () => {
  const run = (bad: Plan): Promise<unknown> => runPlan(template, bad, siglipInputs(), { verify: false });
  test("bytes that were given back too early", async () => {
    const early = {
      ...plan,
      statements: [
        ...plan.statements.slice(0, 1),
        { kind: "free", buffer: plan.buffers.findIndex(({ name }) => name === "exp") } as const,
        ...plan.statements.slice(1),
      ],
    };
    await expect(run(early)).rejects.toThrow(PlanViolation);
  });
  test("a kernel that leaves out its last column", async () => {
    const short = change(plan, (call, k) =>
      k === logits
        ? {
            ...call,
            extents: call.extents.map((e, d) =>
              d === 1
                ? [
                    { coef: 1, loops: [1] },
                    { coef: -1, loops: [] },
                  ]
                : e,
            ),
          }
        : call,
    );
    await expect(run(short)).rejects.toThrow(/holds no value/);
  });
  test("a result written over a live one", async () => {
    await expect(run({ ...plan, buffers: plan.buffers.map((b) => (b.role === "block" ? { ...b, offset: 0 } : b)) })).rejects.toThrow(
      /written over/,
    );
  });
  test("nothing in a good plan", async () => {
    await run(plan);
  });
});

test("the degree check names what grows with n·m: nothing of a tiled loss, the pair array where it is an output", () => {
  expect(escapes(plan)).toEqual([]);
  const b = new GraphBuilder({ file: "out.sig", start: 3, end: 9 });
  const input = (name: string, rows: string) => b.emit("input", [], { name, role: "data", type: { dtype: "f32", shape: [batch(rows)] } });
  const pairs = b.dot(input("x", "n"), input("y", "m"), []);
  const escaping = templateOf(b.finish([{ name: "logits", value: pairs }]));
  expect(escapes(planOf(escaping, dims)).map(({ name, span }) => [name, span.start])).toEqual([["logits", 3]]);
});
