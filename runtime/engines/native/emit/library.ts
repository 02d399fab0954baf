/** A template's kernels as C: whole texts, one per translation unit, ready for the compiler. */
import type { Kernel } from "../../../../compiler/kernel/kernel.js";
import { block, type CText, printC } from "./c-text.js";
import { emitContract } from "./contract.js";
import { type EmittedKernel, emitPoints } from "./points.js";
import { emitWholeArray } from "./whole-arrays.js";

export type LibraryParts = {
  readonly kernels: readonly Kernel[];
  readonly precision: "f32" | "f64";
  readonly vectorBytes: number;
  /** Block loops of the schedule. */
  readonly loops: number;
  readonly headers: ReadonlyMap<string, string>;
  /** How many texts to spread the kernels over: compilers work on them at the same time. */
  readonly units: number;
};

/** Shared by all threads, for packed panels and partial results. */
const WORKSPACE_BYTES = 7 << 20;
/** For panels that stay packed over a loop. */
export const HELD_BYTES = 5 << 20;
/** Calls that hold some. */
export const HELD_CALLS = 64;
/** Of each thread, for a contraction that is small enough to be one thread's. */
const LOCAL_BYTES = 1 << 19;

/** What a session takes beside the arena. Bytes. */
export const sessionBytes = (threads: number): number => WORKSPACE_BYTES + HELD_BYTES + threads * LOCAL_BYTES;

/** C of each unit. The first holds the driver and the library's door. */
export function emitLibrary(parts: LibraryParts): readonly string[] {
  const emitted = parts.kernels.map((kernel, k) => kernelText(kernel, `k${k}`, ""));
  const { main, others } = spread(emitted, Math.max(1, Math.min(parts.units, emitted.length)));
  const prototypes: CText = [...emitted.map((_, k) => `void k${k}(const sig_call *call);`), ""];
  const table: CText = [
    "typedef void (*sig_kernel)(const sig_call *call);",
    `static const sig_kernel sig_kernels[] = {${emitted.map((_, k) => `k${k}`).join(", ")}${emitted.length === 0 ? "NULL" : ""}};`,
    "",
  ];
  const common = [limits(parts), ...shared.map((name) => header(parts, name)), header(parts, "call.h")];
  const float = (name: "f32" | "f64", vectors: string): readonly string[] => [
    `#define T_ELEMENT ${name === "f32" ? "float" : "double"}\n#define T ${name}\n#define V ${name}v\n#define NV ${vectors}\n`,
    header(parts, "micro.h"),
  ];
  const number = (name: string, element: string, total: string): readonly string[] => [
    `#define T_ELEMENT ${element}\n#define T ${name}\n#define V ${name}v\n#define TOTAL ${total}\n`,
    header(parts, "merge_number.h"),
  ];
  const ranked = (name: "f32" | "f64"): readonly string[] => [
    `#define T_ELEMENT ${name === "f32" ? "float" : "double"}\n#define T ${name}\n#define V ${name}v\n`,
    header(parts, "merge_float.h"),
  ];
  const merges = [
    header(parts, "merge.h"),
    ...number("f32", "float", "f64"),
    ...number("f64", "double", "f64"),
    ...number("i32", "int32_t", "u32"),
    ...number("u32", "uint32_t", "u32"),
    ...ranked("f32"),
    ...ranked("f64"),
  ];
  // A compiler reads all that it is given, and without optimisation translates it too: each unit gets what its kernels call.
  const forms = (text: string): readonly string[] => [
    ...(text.includes("micro_f32(") ? float("f32", "SIG_NV") : []),
    // In a program of f32 a vector of f64 fills two registers.
    ...(text.includes("micro_f64(") ? float("f64", parts.precision === "f64" ? "SIG_NV" : "1") : []),
    ...(text.includes("sig_contract_") ? [header(parts, "contract.h")] : []),
    ...(text.includes("sig_points ") ? [header(parts, "points.h")] : []),
    ...(/sig_(?:gather|scatter_add|slices)\(/u.test(text) ? [header(parts, "whole_arrays.h")] : []),
  ];
  const unit = (kernels: readonly string[], tail: readonly string[]): string => {
    const text = kernels.join("\n");
    return [...common, ...merges, ...forms(text), text, ...tail].join("\n");
  };
  return [
    unit(main, [printC([...prototypes, ...table]), header(parts, "driver.h"), header(parts, "session.h")]),
    ...others.map((kernels) => unit(kernels, [])),
  ];
}

/** The generated part alone, as `sigc ir --emit c` prints it. `notes`: where each kernel comes from. */
export const printKernels = (kernels: readonly Kernel[], notes: readonly string[]): string =>
  kernels.map((kernel, k) => kernelText(kernel, `k${k}`, notes[k] ?? "")).join("\n");

function kernelText(kernel: Kernel, name: string, note: string): string {
  const { functions, body } = emitKernel(kernel, name);
  return printC([
    `/* ${name}: ${kernel.form}${note === "" ? "" : `, ${note.replaceAll("*/", "* /")}`} */`,
    ...functions,
    ...block(`void ${name}(const sig_call *call)`, body),
  ]);
}

function emitKernel(kernel: Kernel, name: string): EmittedKernel {
  switch (kernel.form) {
    case "map":
    case "reduce":
      return emitPoints(name, kernel);
    case "contract":
      return emitContract(name, kernel);
    case "gather":
    case "scatter_add":
    case "cumsum":
    case "sort":
      return emitWholeArray(kernel);
  }
}

/** The longest first, each to the unit that has least. */
function spread(
  texts: readonly string[],
  units: number,
): { readonly main: readonly string[]; readonly others: readonly (readonly string[])[] } {
  const bins = Array.from({ length: units }, () => ({ size: 0, texts: [] as { readonly at: number; readonly text: string }[] }));
  const order = texts.map((text, at) => ({ text, at })).sort((a, b) => b.text.length - a.text.length || a.at - b.at);
  for (const item of order) {
    const least = bins.reduce((best, bin) => (bin.size < best.size ? bin : best));
    least.texts.push(item);
    least.size += item.text.length;
  }
  const [main = [], ...others] = bins.map((bin) => bin.texts.sort((a, b) => a.at - b.at).map(({ text }) => text));
  return { main, others };
}

const shared = ["vector.h", "convert.h", "access.h", "math_integer.h", "math_f64.h", "math_f32.h", "lanes.h", "team.h"] as const;

function header({ headers }: LibraryParts, name: string): string {
  const text = headers.get(name);
  if (text === undefined) throw new Error(`the engine's ${name} is missing`);
  return text;
}

function limits({ kernels, loops, vectorBytes, precision }: LibraryParts): string {
  const most = (of: (kernel: Kernel) => number): number => Math.max(1, ...kernels.map(of));
  const parameters = (kernel: Kernel): number =>
    "scalars" in kernel
      ? Math.max(0, ...kernel.scalars.map((s) => (s.kind === "parameter" ? s.parameter + 1 : 0)), ...factorParameters(kernel))
      : 0;
  return [
    "#include <math.h>",
    "#include <stddef.h>",
    "#include <stdint.h>",
    "#include <string.h>",
    `#define SIG_VECTOR_BYTES ${vectorBytes}`,
    `#define SIG_ELEMENT_BYTES ${precision === "f64" ? 8 : 4}`,
    `#define SIG_MAX_OPERANDS ${most((kernel) => kernel.operands.length)}`,
    `#define SIG_MAX_RANK ${most((kernel) => Math.max(0, ...kernel.operands.map(({ rank }) => rank)))}`,
    `#define SIG_MAX_DIMS ${most((kernel) => ("dims" in kernel ? kernel.dims : 0))}`,
    `#define SIG_MAX_PARAMETERS ${most(parameters)}`,
    `#define SIG_MAX_OUTS ${most((kernel) => ("outs" in kernel ? kernel.outs.length : 1))}`,
    `#define SIG_MAX_LOOPS ${Math.max(1, loops)}`,
    `#define SIG_WORKSPACE_BYTES ${WORKSPACE_BYTES}`,
    `#define SIG_LOCAL_BYTES ${LOCAL_BYTES}`,
    `#define SIG_HELD_BYTES ${HELD_BYTES}`,
    `#define SIG_HELD_CALLS ${HELD_CALLS}`,
    "",
  ].join("\n");
}

function factorParameters(kernel: Kernel): readonly number[] {
  if (kernel.form !== "contract") return [];
  return [...kernel.left.scalars, ...kernel.right.scalars].map((s) => (s.kind === "parameter" ? s.parameter + 1 : 0));
}
