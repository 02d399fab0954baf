/** A small product through the whole way: language, compiler, plan, engine. What passes here will run a real program. */
import { bind } from "../../compiler/bind.js";
import { compileProgram } from "../../compiler/compile.js";
import { lowerProgram } from "../../compiler/lower/lower-program.js";
import { parse } from "../../grammar/parse.js";
import { SourceFile } from "../../grammar/source-file.js";
import { hostArray, valueAt } from "../data/host-array.js";
import type { Engine } from "../engine.js";

const program = `pipeline proof {
  batch n
  input x: f32[n, 3]
  input y: f32[n, 3]
  product[i, j] = dot(x[i], y[j])
  loss = sum[i, j](where(i == j, product[i, j], 0))
}
`;
const x = [1, 2, 3, 4, 5, 6];
const y = [6, 5, 4, 3, 2, 1];
/** Σ x·y over the rows that meet: 28 + 28. All numbers are small integers, so every precision is exact. */
const expected = 56;

/** Null where the engine computed the right number, else what went wrong. */
export async function proveEngine(engine: Engine, precision: "f32" | "f64"): Promise<string | null> {
  const lowered = lowerProgram(parse(new SourceFile("proof.sig", program)).program, { read: () => null });
  if (lowered.program === null) throw new Error("the proof program is wrong");
  const { template } = compileProgram(lowered.program, { target: engine.target(precision), gradients: [] });
  const plan = template === null ? null : bind(template, { n: 2 }).plan;
  if (template === null || plan === null) throw new Error("the proof program does not compile");
  const executable = await engine.load(template);
  try {
    const array = (numbers: readonly number[]) =>
      hostArray(precision, [2, 3], precision === "f64" ? Float64Array.from(numbers) : Float32Array.from(numbers));
    const { outputs } = await executable.run(plan, {
      inputs: new Map([
        ["x", array(x)],
        ["y", array(y)],
      ]),
    });
    const loss = outputs.get("loss");
    const found = loss === undefined ? Number.NaN : valueAt(loss, 0);
    return found === expected ? null : `it computed ${found} in place of ${expected}`;
  } finally {
    executable.dispose();
  }
}
