import type { Id } from "./graph.js";
import type { OpName, ops } from "./op-table.js";

type ByArity = {
  readonly 0: readonly [];
  readonly 1: readonly [Id];
  readonly 2: readonly [Id, Id];
  readonly 3: readonly [Id, Id, Id];
  readonly 4: readonly [Id, Id, Id, Id];
  readonly many: readonly Id[];
};

/** The operands of an op as a tuple, so that a rule that names one too many or too few does not compile. */
export type Operands<K extends OpName> = ByArity[(typeof ops)[K]["arity"]];
