import type { Builtin } from "./builtin.js";
import { convolutions } from "./convolution.js";
import { creations } from "./creation.js";
import { elementwiseFunctions } from "./elementwise.js";
import { initialisers } from "./initialisers.js";
import { layouts } from "./layout.js";
import { randoms } from "./random.js";
import { reductions } from "./reductions.js";
import { repeat } from "./repeat.js";

/** Every function of the language, by name. */
export const builtins: ReadonlyMap<string, Builtin> = new Map(
  [...elementwiseFunctions, ...reductions, ...randoms, ...layouts, ...convolutions, ...creations, ...initialisers, repeat].map((entry) => [
    entry.name,
    entry,
  ]),
);
