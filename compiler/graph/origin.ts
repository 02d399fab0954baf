/** What a node stands for. A module is written once and applied many times: the part of the source alone does not tell its values apart. */
import type { Span } from "../../grammar/span.js";

export type Origin = Span & {
  /** The definition's name behind the path of the layer around it: `img.blocks.0.mlp.a`. */
  readonly name?: string;
  /** The path of the layer that was being applied. */
  readonly within?: string;
  /** Made on the way back from the loss, by the rule of the node that comes from here. */
  readonly back?: true;
};

/** Of what is made on the way to a value that comes from here. */
export function partOf({ name, ...rest }: Origin): Origin {
  return name === undefined ? rest : { ...rest, within: name };
}

export const onTheWayBack = (origin: Origin): Origin => ({ ...origin, back: true });

/**
 * For readers of plans: `img.blocks.0.mlp.a`; of a value without a name, the op in its layer, `img.blocks.0.mlp/dot`; and on the way
 * back, both: `back.img.blocks.0.mlp.a/dot`.
 */
export function labelOf(op: string, { name, within, back }: Origin): string {
  if (name !== undefined && !back) return name;
  const value = name ?? within;
  return `${back ? "back." : ""}${value === undefined ? op : `${value}/${op}`}`;
}
