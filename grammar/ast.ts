/** The syntax tree of a `.sig` file: discriminated by `kind`, a span on every node. */
import type { Span } from "./span.js";

type Spanned = { readonly span: Span };

export type Ident = Spanned & { readonly name: string };

export type Program = Spanned & {
  readonly kind: "program";
  readonly imports: readonly Import[];
  readonly items: readonly (ModuleDecl | PipelineDecl)[];
};

/** `import { vit, mlp } from "std/vision.sig"` */
export type Import = Spanned & { readonly kind: "import"; readonly names: readonly Ident[]; readonly from: StringLiteral };

/** `pipeline siglip { … }` */
export type PipelineDecl = Spanned & { readonly kind: "pipeline"; readonly name: Ident; readonly members: readonly Member[] };

/** `module linear(in: int, out: int, init = lecun_normal())(x: f32[..., in]) -> f32[..., out] { … return e }` */
export type ModuleDecl = Spanned & {
  readonly kind: "module";
  readonly name: Ident;
  readonly configs: readonly ModuleConfig[];
  readonly inputs: readonly ModuleInput[];
  readonly returns: TypeExpr | null;
  readonly members: readonly Member[];
  readonly result: Expr | null;
};
export type ModuleConfig = Spanned & { readonly name: Ident; readonly type: ConfigType | null; readonly value: Expr | null };
export type ModuleInput = Spanned & { readonly name: Ident; readonly type: TypeExpr };

/** `int`, `float`, `bool`, `string`, or a choice `"map" | "gap"`. */
export type ConfigType =
  | (Spanned & { readonly kind: "scalar"; readonly name: "int" | "float" | "bool" | "string" })
  | (Spanned & { readonly kind: "choice"; readonly options: readonly StringLiteral[] });

/** `f32[n, 32, 32, 3]`; no brackets for a scalar. A dimension is an expression or `...`. */
export type TypeExpr = Spanned & { readonly kind: "type"; readonly dtype: Ident; readonly dims: readonly (Expr | Ellipsis)[] };
export type Ellipsis = Spanned & { readonly kind: "ellipsis" };

export type Member =
  | BatchDecl
  | ConfigDecl
  | InputDecl
  | ParamDecl
  | EncoderDecl
  | LayerDecl
  | Definition
  | MetricDecl
  | OutputDecl
  | DataBlock
  | EvalBlock
  | TrainBlock;

/** `batch n, m` */
export type BatchDecl = Spanned & { readonly kind: "batch"; readonly names: readonly Ident[] };
/** `config width: int = 256` */
export type ConfigDecl = Spanned & { readonly kind: "config"; readonly name: Ident; readonly type: ConfigType; readonly value: Expr };
/** `input image : f32[n, 32, 32, 3]` */
export type InputDecl = Spanned & { readonly kind: "input"; readonly name: Ident; readonly type: TypeExpr };
/** `param bias : f32 = -10` (constant) or `param weight : f32[in, out] ~ init` (drawn at random). */
export type ParamDecl = Spanned & {
  readonly kind: "param";
  readonly name: Ident;
  readonly type: TypeExpr;
  readonly init: { readonly kind: "constant" | "random"; readonly value: Expr } | null;
};
/** `encoder img = vit(width, depth: 6)` */
export type EncoderDecl = Spanned & { readonly kind: "encoder"; readonly name: Ident; readonly value: Expr };
/** `layer head = map_head(width, heads) when pool == "map"` */
export type LayerDecl = Spanned & { readonly kind: "layer"; readonly name: Ident; readonly value: Expr; readonly when: Expr | null };
/** `x = e` or `logits[i, j] = e`; `loss = e` is a definition named `loss`. */
export type Definition = Spanned & {
  readonly kind: "definition";
  readonly name: Ident;
  readonly indices: readonly Ident[];
  readonly value: Expr;
};
/** `metric accuracy = e` */
export type MetricDecl = Spanned & { readonly kind: "metric"; readonly name: Ident; readonly value: Expr };
/** `output logits, zi` or `output similarity = e` */
export type OutputDecl = Spanned & { readonly kind: "output"; readonly names: readonly Ident[]; readonly value: Expr | null };

/** `data { image = column("jpg") | decode … }`: parsed and kept; its meaning comes with the loader. */
export type DataBlock = Spanned & { readonly kind: "data"; readonly entries: readonly DataEntry[] };
export type DataEntry = Spanned & { readonly name: Ident; readonly value: Expr };
/** `eval { image = …  task retrieval(image: zi, text: zt) }` */
export type EvalBlock = Spanned & { readonly kind: "eval"; readonly entries: readonly DataEntry[]; readonly tasks: readonly Expr[] };

/** `train { optimizer adamw(lr: 1e-3)  schedule cosine(warmup: 5%)  for img.** { lr: 0.1x } }` */
export type TrainBlock = Spanned & {
  readonly kind: "train";
  readonly settings: readonly TrainSetting[];
  readonly groups: readonly TrainGroup[];
};
/** `optimizer adamw(lr: 1e-3)`, `clip 1.0`, `batch 64`, `steps 1_000`, `seed 7` */
export type TrainSetting = Spanned & { readonly name: Ident; readonly value: Expr };
/** `for img.**, bias { lr: 0.1x, decay: 0, freeze: true }` */
export type TrainGroup = Spanned & { readonly patterns: readonly Ident[]; readonly fields: readonly Arg[] };

export type Arg = Spanned & { readonly name: Ident | null; readonly value: Expr };

export type UnaryOp = "-" | "not";
export type BinaryOp = "+" | "-" | "*" | "/" | "%" | "**" | "@" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "and" | "or" | "|";

export type Expr =
  | NumberLiteral
  | StringLiteral
  | BoolLiteral
  | Name
  | Unary
  | Binary
  | Call
  | Reduce
  | Index
  | MemberAccess
  | If
  | Sequence
  | ErrorExpr;

/** `1e-3`, `20_000`, `5%` (value 0.05), `0.1x` (a factor on an inherited value), `inf`. */
export type NumberLiteral = Spanned & {
  readonly kind: "number";
  readonly value: number;
  readonly suffix: "none" | "percent" | "factor";
  readonly integer: boolean;
};
export type StringLiteral = Spanned & { readonly kind: "string"; readonly value: string };
export type BoolLiteral = Spanned & { readonly kind: "bool"; readonly value: boolean };
export type Name = Spanned & { readonly kind: "name"; readonly name: string };
export type Unary = Spanned & { readonly kind: "unary"; readonly op: UnaryOp; readonly operand: Expr };
export type Binary = Spanned & {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  readonly opSpan: Span;
};
/** `vit(width, depth: 6)`, `img(image)`, `repeat(depth, block(width, heads))` */
export type Call = Spanned & { readonly kind: "call"; readonly callee: Expr; readonly args: readonly Arg[] };
/** `sum[i, j](e)`, `in_top_k[j](e, k: 64)` */
export type Reduce = Spanned & {
  readonly kind: "reduce";
  readonly op: Ident;
  readonly indices: readonly Ident[];
  readonly args: readonly Arg[];
};
/** `x[i]`, `x[:, None]`, `x[1:3]`, `x[..., 0]` */
export type Index = Spanned & { readonly kind: "index"; readonly target: Expr; readonly items: readonly IndexItem[] };
export type IndexItem =
  | (Spanned & { readonly kind: "at"; readonly value: Expr })
  | (Spanned & { readonly kind: "slice"; readonly from: Expr | null; readonly to: Expr | null })
  | (Spanned & { readonly kind: "new_axis" })
  | Ellipsis;
/** `zt.T`, `img.blocks` */
export type MemberAccess = Spanned & { readonly kind: "member"; readonly target: Expr; readonly name: Ident };
export type If = Spanned & { readonly kind: "if"; readonly condition: Expr; readonly then: Expr; readonly else: Expr };
/** `(0.6, 1)` or `[a, b]` */
export type Sequence = Spanned & { readonly kind: "sequence"; readonly bracket: "(" | "["; readonly items: readonly Expr[] };
/** A place where recovery put nothing; the parser has reported it, so later stages stay silent. */
export type ErrorExpr = Spanned & { readonly kind: "error" };
