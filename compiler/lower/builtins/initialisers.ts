/** How a parameter can start at random, after `~`. */
import { messages } from "../../check/messages.js";
import { refuse } from "../../check/refusal.js";
import type { Fans, InitialiserValue } from "../../check/value.js";
import type { Arguments } from "../arguments.js";
import type { Init } from "../program.js";
import { type Builtin, builtin } from "./builtin.js";

/** The standard deviation of a unit normal that is cut at ±2: dividing by it restores the variance, as in JAX and TensorFlow. */
const TRUNCATED_STD = 0.87962566103423978;

const fixed = (name: string, init: Init): InitialiserValue => ({ kind: "initialiser", name, needsFans: false, draw: () => init });

function positive(args: Arguments, name: string): number {
  const value = args.number(name);
  if (!(value > 0)) refuse(messages.outOfBounds, args.get(name).span, { what: `\`${name}\``, wanted: "above 0", found: value });
  return value;
}

function scaled(name: string, draw: (fans: Fans) => Init): Builtin {
  return builtin(name, "", () => ({ kind: "initialiser", name, needsFans: true, draw }));
}

const truncated = (variance: number): Init => ({ kind: "truncated_normal", std: Math.sqrt(variance) / TRUNCATED_STD });
const uniform = (limit: number): Init => ({ kind: "uniform", low: -limit, high: limit });

export const initialisers: readonly Builtin[] = [
  builtin("normal", "std", (_, args) => fixed("normal", { kind: "normal", std: positive(args, "std") })),
  /** Normal, drawn again beyond ±2 std. */
  builtin("truncated_normal", "std", (_, args) => fixed("truncated_normal", { kind: "truncated_normal", std: positive(args, "std") })),
  builtin("uniform", "low, high", (_, args) => {
    const [low, high] = [args.number("low"), args.number("high")];
    if (!(low < high)) refuse(messages.outOfBounds, args.get("high").span, { what: "`high`", wanted: `above ${low}`, found: high });
    return fixed("uniform", { kind: "uniform", low, high });
  }),
  scaled("lecun_normal", (fans) => truncated(1 / fans.in)),
  scaled("he_normal", (fans) => truncated(2 / fans.in)),
  scaled("xavier_normal", (fans) => truncated(2 / (fans.in + fans.out))),
  scaled("xavier_uniform", (fans) => uniform(Math.sqrt(6 / (fans.in + fans.out)))),
];
