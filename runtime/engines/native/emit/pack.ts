/**
 * How a factor of a contraction gets into panels. Lanes run along the products, and blocks are transposed, or along the panel, as the
 * factor's main load lies. Rows are packed in whole vectors even where a panel of them is less than one.
 */
import { innerDims } from "../../../../compiler/kernel/factor.js";
import type { Factor, KernelOf, Scalar } from "../../../../compiler/kernel/kernel.js";
import { block, type CText } from "./c-text.js";
import { elementType } from "./elements.js";
import { type EmittedFactor, emitFactor, isDenseAlong, loadStride, mainLoad } from "./factor.js";
import { decode, pointerAt } from "./operands.js";

type Load = Extract<Scalar, { kind: "load" }>;

export type Side = "left" | "right";

export type Packing = {
  readonly side: Side;
  readonly factor: Factor;
  /** The dim of rows or columns. */
  readonly across: number;
  /** The positions of all dims but rows, columns and products. */
  readonly points: CText;
  readonly real: "f32" | "f64";
};

/** NAME_left or NAME_right. */
export function emitPack(name: string, kernel: KernelOf<"contract">, { side, factor, across, points, real }: Packing): CText {
  const last = kernel.dims - 1;
  const main = mainLoad(factor);
  const c = elementType(real);
  const width = side === "left" ? `ROWS_${real}` : `NR_${real}`;
  const lanes = side === "left" ? `sig_least(SIG_LANES, ${width} - g)` : "SIG_LANES";
  const inK = emitFactor("f", kernel, factor, { lanes: last });
  const inPanel = emitFactor("f", kernel, factor, { lanes: across });
  const valueOf = (emitted: EmittedFactor, dense: boolean): string =>
    dense ? emitted.cast(real) : `select_${real}(mask_${real}(first_lanes(n)), ${emitted.cast(real)}, (${real}v){0})`;
  const store = (k: string, vector: string): string =>
    side === "left"
      ? `put_rows_${real}(into, depth, ${k}, g, wide, ${vector});`
      : `store_${real}(into + (${k}) * ${width} + g, ${vector});`;
  /** What a row has the same all along k is made once, not at every step. */
  const heldRows: CText =
    inK.held.length === 0
      ? []
      : [
          ...inK.held.map((held) => `${held.type} ${held.name}_row[${width}];`),
          ...block("for (int r = 0; r < wide; r++)", [
            `const int64_t i${across} = first + panel + r;`,
            ...inK.pointers,
            ...inK.steady,
            ...inK.held.map((held) => `${held.name}_row[r] = ${held.name};`),
          ]),
        ];
  const ahead = ({ operand, access }: Load, at: (dim: number) => string): string =>
    `__builtin_prefetch(${pointerAt(kernel, operand, access, [...Array(kernel.dims).keys()], at)});`;
  const alongK = (dense: boolean): CText => {
    const emitted = emitFactor("f", kernel, factor, { lanes: last, dense, width: dense ? "SIG_LANES" : "n" });
    return [
      `for (int g = 0; g < ${width}; g += SIG_LANES) {`,
      [
        `${real}v vector[SIG_LANES] = {0};`,
        ...block(`${dense ? "SIG_UNROLL " : ""}for (int r = 0; r < SIG_LANES; r++)`, [
          `if (g + r >= ${dense ? width : "wide"}) continue;`,
          `const int64_t i${across} = first + panel + g + r;`,
          ...emitted.pointers,
          ...(dense && main?.kind === "load" ? [ahead(main, (dim) => (dim === last ? "(x + SIG_AHEAD * SIG_LANES)" : `i${dim}`))] : []),
          ...emitted.held.map((held) => `const ${held.type} ${held.name} = ${held.name}_row[g + r];`),
          ...emitted.lines,
          `vector[r] = ${valueOf(emitted, dense)};`,
        ]),
        `transpose_${real}(vector);`,
        dense ? "SIG_UNROLL for (int q = 0; q < SIG_LANES; q++)" : "for (int q = 0; q < n; q++)",
        [store("done + x - start + q", "vector[q]")],
      ],
      "}",
    ];
  };
  const alongPanel = (dense: boolean): CText => {
    const emitted = emitFactor("f", kernel, factor, { lanes: across, dense, width: dense ? lanes : "n" });
    const next = (dim: number): string => (dim === across ? "x" : dim === last ? `(i${last} + SIG_ROWS_AHEAD)` : `i${dim}`);
    return [
      `${dense ? "SIG_UNROLL " : ""}for (int g = 0; g < ${width}; g += SIG_LANES) {`,
      [
        "const int64_t x = first + panel + g;",
        ...(dense && main?.kind === "load" ? [ahead(main, next)] : []),
        ...(dense ? [] : ["const int64_t n = sig_most(0, sig_least(SIG_LANES, wide - g));"]),
        ...emitted.lines,
        `const ${real}v vector = ${valueOf(emitted, dense)};`,
        store(`done + i${last} - start`, "vector"),
      ],
      "}",
    ];
  };
  const eachPanel = (body: CText): CText =>
    block(`for (int64_t panel = 0; panel < count; panel += ${width})`, [
      `const int64_t wide = sig_least(${width}, count - panel);`,
      `const int full = dense && wide == ${width};`,
      `${c} *into = (${c} *)panels + panel * depth;`,
      ...body,
    ]);
  const either = (condition: string, body: (dense: boolean) => CText): CText => [
    `if (${condition}) {`,
    body(true),
    "} else {",
    body(false),
    "}",
  ];
  return [
    `/* ${side === "left" ? "Rows" : "Columns"} first … first+count−1 in panels, products k … k+depth−1. */`,
    ...block(`static void ${name}_${side}(const sig_contract *c, int64_t first, int64_t count, int64_t k, int64_t depth, void *panels)`, [
      "const sig_call *call = c->call;",
      ...points,
      ...inK.constant,
      `const int along_k = ${main === null ? "0" : `${loadStride(main, last)} == 1 || ${loadStride(main, across)} != 1`};`,
      `const int dense = along_k ? ${isDenseAlong(last, factor)} : ${isDenseAlong(across, factor)};`,
      ...block("for (int64_t done = 0; done < depth;)", [
        ...decode(`(k + done) / call->extent[${last}]`, innerDims(kernel).slice(0, -1)),
        `const int64_t start = (k + done) % call->extent[${last}], end = sig_least(call->extent[${last}], start + depth - done);`,
        "if (along_k) {",
        eachPanel([
          ...heldRows,
          ...block("for (int64_t x = start; x < end; x += SIG_LANES)", [
            "const int64_t n = sig_least(SIG_LANES, end - x);",
            ...either("full && n == SIG_LANES", alongK),
          ]),
        ]),
        "} else {",
        block(`for (int64_t i${last} = start; i${last} < end; i${last}++)`, [
          ...inPanel.pointers,
          ...inPanel.steady,
          ...eachPanel(either("full", alongPanel)),
        ]),
        "}",
        "done += end - start;",
      ]),
    ]),
    "",
  ];
}
