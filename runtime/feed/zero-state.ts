import { evaluateSize } from "../../compiler/graph/size.js";
import type { TrainStep } from "../../compiler/train-step/train-step.js";
import { type HostArray, zeros } from "../data/host-array.js";
import { floatStorage } from "./fit-array.js";

/** What an optimiser begins with: every state by its name, all 0. */
export const zeroState = ({ states }: TrainStep, precision: "f32" | "f64"): ReadonlyMap<string, HostArray> =>
  new Map(
    states.map(({ name, type: { dtype, shape } }) => [
      name,
      zeros(
        floatStorage(dtype, precision),
        shape.map((size) => evaluateSize(size, {})),
      ),
    ]),
  );
