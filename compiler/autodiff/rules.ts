/** THE gradient table: a new op makes tsc name the rule that it lacks here. */
import type { OpName } from "../graph/op-table.js";
import { dotRules } from "./dot-rules.js";
import { elementwiseRules } from "./elementwise-rules.js";
import { layoutRules } from "./layout-rules.js";
import { reductionRules } from "./reduction-rules.js";
import { notDifferentiable, type Rule } from "./rule.js";

export const rules = {
  ...elementwiseRules,
  ...layoutRules,
  ...reductionRules,
  ...dotRules,
  arg: notDifferentiable("tiles are formed after gradients"),
  loop_index: notDifferentiable("tiles are formed after gradients"),
  project: notDifferentiable("tiles are formed after gradients"),
} as const satisfies { readonly [K in OpName]: Rule<K> };
