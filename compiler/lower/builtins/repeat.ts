import { messages } from "../../check/messages.js";
import { refuse } from "../../check/refusal.js";
import { describe } from "../../check/value.js";
import { type Builtin, builtin } from "./builtin.js";

/** Deep towers are a few hundred layers; beyond this a slip of the keyboard would fill the memory. */
const MOST = 10_000;

/** `repeat(depth, block(width))`: so many layers in a row, each with parameters of its own: `blocks.0`, `blocks.1`, … */
export const repeat: Builtin = builtin("repeat", "count, layer", (_, args) => {
  const count = args.whole("count");
  if (count < 0 || count > MOST)
    refuse(messages.outOfBounds, args.get("count").span, { what: "`count`", wanted: `0 to ${MOST}`, found: count });
  const { value, span } = args.get("layer");
  if (value.kind !== "layer") refuse(messages.notALayer, span, { name: "layer", found: describe(value) });
  if (value.decl.inputs.length === 0) refuse(messages.needsInput, span, { name: value.decl.name.name });
  if (value.count !== null) refuse(messages.repeatTwice, span, {});
  return { ...value, count };
});
