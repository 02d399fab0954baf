/**
 * What was measured to differ between the backends of TensorFlow.js 4.22, as data: the rules read it, so that one code
 * path serves all. A fault whose cure costs nothing elsewhere is not listed; its rule is written the safe way.
 */
export type Quirks = {
  /** `naive`: adds up in f32, one element after the other; 1 % off after a million. `wide`: pairwise, or in f64. */
  readonly sums: "naive" | "wide";
  /** `slow`: a transposed operand makes matMul 10 to 60 times slower than transposing it first. */
  readonly transposedMatMul: "slow" | "fast";
  /**
   * `cached`: a matMul packs its right operand at its first use, and takes that again for the same data in any other shape: results
   * are wrong, and what lies behind them in the heap is written over.
   */
  readonly matMulWeights: "cached" | "read";
  /** `cancels`: log(1 + x), all wrong near 0. */
  readonly log1p: "cancels" | "exact";
  /** `coarse`: 2e-7 off, and without digits at large arguments. */
  readonly sinCos: "coarse" | "exact";
  /** `absolute`: right to 2e-7 only in absolute terms, hence without digits near 0. */
  readonly erf: "absolute" | "exact";
  /** `drops`: maximum(NaN, 1) is 1. */
  readonly maximumOfNaN: "drops" | "keeps";
  /** `rounded`: multiplies integers in float64, so that products beyond 2^53 wrap to wrong bits. */
  readonly integerProducts: "rounded" | "exact";
  /** `slow`: kernels other than float add, sub, mul and div take 100 times as long where an operand is repeated. */
  readonly broadcasts: "slow" | "fast";
  /** `slow`: a slice copies the whole tensor out of the heap first, and a gather counts out every element by itself. */
  readonly copies: "slow" | "fast";
  /** `here`: tensors lie in this process's memory, and what a backend computes badly is computed on the host. */
  readonly memory: "here" | "device";
  /** Where tensors lie in a heap past whose end data is corrupted without a word: its bytes, and how many a plan may hold. */
  readonly heap: { readonly planned: number; readonly whole: number } | null;
};

const GiB = 2 ** 30;

/** By the name under which a backend registers. */
export const quirks = {
  wasm: {
    sums: "naive",
    transposedMatMul: "slow",
    matMulWeights: "cached",
    log1p: "cancels",
    sinCos: "coarse",
    erf: "absolute",
    maximumOfNaN: "drops",
    integerProducts: "exact",
    broadcasts: "slow",
    copies: "slow",
    memory: "here",
    // What lies between is for what ops take while they run.
    heap: { planned: 3 * GiB, whole: 4 * GiB - 2 ** 26 },
  },
  cpu: {
    sums: "wide",
    transposedMatMul: "fast",
    matMulWeights: "read",
    log1p: "exact",
    sinCos: "exact",
    erf: "absolute",
    maximumOfNaN: "keeps",
    integerProducts: "rounded",
    broadcasts: "fast",
    copies: "fast",
    memory: "here",
    heap: null,
  },
  tensorflow: {
    sums: "wide",
    transposedMatMul: "fast",
    matMulWeights: "read",
    log1p: "exact",
    sinCos: "exact",
    erf: "exact",
    maximumOfNaN: "keeps",
    integerProducts: "exact",
    broadcasts: "fast",
    copies: "fast",
    memory: "device",
    heap: null,
  },
} as const satisfies Record<string, Quirks>;

export type Backend = keyof typeof quirks;
