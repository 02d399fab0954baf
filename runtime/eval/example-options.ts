import type { LoweredProgram } from "../../compiler/lower/program.js";
import type { PlaceOf } from "../feed/place.js";
import type { BrokenSample } from "../samples/open-samples.js";
import type { Trained } from "./same-preparation.js";

/** How examples are read and prepared. */
export type ExampleOptions = {
  readonly program: LoweredProgram;
  /** Of the program: files that it names lie relative to it. */
  readonly folder: string;
  readonly precision: "f32" | "f64";
  readonly placeOf: PlaceOf;
  /** How many samples may be broken; undefined: one in a hundred, at least ten. */
  readonly broken: number | undefined;
  /** The checkpoint whose parameters are used; null where they come otherwise. */
  readonly trained: Trained | null;
  /** Hears of each broken sample and of each shard whose rest is lost. */
  readonly onBroken: (broken: BrokenSample) => void;
};
