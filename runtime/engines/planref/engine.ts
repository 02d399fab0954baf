/** The plan's own interpreter: slow, checks everything, needs nothing. What it runs, the schedule and the memory plan allow. */
import type { Template } from "../../../compiler/compile.js";
import type { Target } from "../../../compiler/target.js";
import type { Availability, Engine, Executable } from "../../engine.js";
import { PlanExecutable } from "./executable.js";

/** `verify: false` runs a plan as it is, to show what the poison alone finds. */
export function createPlanrefEngine({ verify = true }: { readonly verify?: boolean } = {}): Engine {
  return {
    name: "planref",
    probe: async (): Promise<Availability> => ({ available: true, detail: "interprets the plan on one array buffer" }),
    target: (precision): Target => ({
      engine: "planref",
      granularity: "kernel",
      memory: "arena",
      precision,
      alignment: 64,
      maxBytes: 2 ** 32,
      defaultScratchBytes: 2 ** 20,
    }),
    load: async (template: Template): Promise<Executable> => new PlanExecutable(template, verify),
    dispose: () => undefined,
  };
}
