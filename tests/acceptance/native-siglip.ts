/** A SigLIP step on the native engine, ready to run: what the scripts beside this one measure. */
import { bind } from "../../compiler/bind.js";
import type { Plan } from "../../compiler/plan/plan.js";
import { type HostArray, hostArray } from "../../runtime/data/host-array.js";
import type { Executable } from "../../runtime/engine.js";
import { createNativeEngine } from "../../runtime/engines/native/engine.js";
import { compileText, readPipelineFile } from "../support/compile-text.js";
import { randomFrom } from "../support/random.js";

export type NativeSiglip = {
  readonly plan: Plan;
  readonly inputs: ReadonlyMap<string, HostArray>;
  readonly executable: Executable;
};

export async function nativeSiglip(n: number, width: number): Promise<NativeSiglip> {
  const source = readPipelineFile("siglip.sig");
  if (source === null) throw new Error("siglip.sig is missing");
  const engine = await createNativeEngine({ threads: 2 });
  const { template } = compileText(source.text, { target: engine.target("f32"), sets: { width: String(width) } });
  const { plan } = bind(template, { n });
  if (plan === null) throw new Error("the plan is refused");
  const random = randomFrom(n);
  const inputs = new Map(
    plan.inputs.map(({ name, buffer }): [string, HostArray] => {
      const shape = plan.buffers[buffer]?.shape ?? [];
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      for (let k = 0; k < data.length; k++) data[k] = shape.length === 0 ? 1 : random.uniform() - 0.5;
      return [name, hostArray("f32", shape, data)];
    }),
  );
  return { plan, inputs, executable: await engine.load(template) };
}
