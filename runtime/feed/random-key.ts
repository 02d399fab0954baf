import { stepKey } from "../../compiler/kernel/philox.js";
import type { Plan } from "../../compiler/plan/plan.js";
import { randomInput } from "../../compiler/lower/draws.js";
import { hostArray, type HostArray } from "../data/host-array.js";

/** What keys the random draws of a step, counted from 0; nothing where it draws nothing. A resumed run draws what the run would have. */
export function randomKey({ inputs }: Plan, seed: number, step: number): ReadonlyMap<string, HostArray> {
  if (!inputs.some(({ name }) => name === randomInput)) return new Map();
  return new Map([[randomInput, hostArray("i32", [2], Int32Array.from(stepKey(seed, step)))]]);
}
