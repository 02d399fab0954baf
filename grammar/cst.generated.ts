// Generated from parser.ts by `npm run generate:cst`.
import type { CstNode, IToken } from "chevrotain";

export interface ProgramCstNode extends CstNode {
  name: "program";
  children: ProgramCstChildren;
}

export type ProgramCstChildren = {
  declaration?: DeclarationCstNode[];
  End?: IToken[];
};

export interface DeclarationCstNode extends CstNode {
  name: "declaration";
  children: DeclarationCstChildren;
}

export type DeclarationCstChildren = {
  importDeclaration?: ImportDeclarationCstNode[];
  pipelineDeclaration?: PipelineDeclarationCstNode[];
  moduleDeclaration?: ModuleDeclarationCstNode[];
};

export interface ImportDeclarationCstNode extends CstNode {
  name: "importDeclaration";
  children: ImportDeclarationCstChildren;
}

export type ImportDeclarationCstChildren = {
  Import: IToken[];
  LBrace: IToken[];
  names: NamesCstNode[];
  RBrace: IToken[];
  From: IToken[];
  StringToken: IToken[];
  rest?: RestCstNode[];
};

export interface PipelineDeclarationCstNode extends CstNode {
  name: "pipelineDeclaration";
  children: PipelineDeclarationCstChildren;
}

export type PipelineDeclarationCstChildren = {
  Pipeline: IToken[];
  pipelineHead: PipelineHeadCstNode[];
  body: BodyCstNode[];
};

export interface PipelineHeadCstNode extends CstNode {
  name: "pipelineHead";
  children: PipelineHeadCstChildren;
}

export type PipelineHeadCstChildren = {
  Identifier: IToken[];
  strayWords?: StrayWordsCstNode[];
};

export interface ModuleDeclarationCstNode extends CstNode {
  name: "moduleDeclaration";
  children: ModuleDeclarationCstChildren;
}

export type ModuleDeclarationCstChildren = {
  Module: IToken[];
  moduleHead: ModuleHeadCstNode[];
  body: BodyCstNode[];
};

export interface ModuleHeadCstNode extends CstNode {
  name: "moduleHead";
  children: ModuleHeadCstChildren;
}

export type ModuleHeadCstChildren = {
  Identifier: IToken[];
  parameters: (ParametersCstNode)[];
  Arrow?: IToken[];
  typeExpression?: TypeExpressionCstNode[];
  strayWords?: StrayWordsCstNode[];
};

export interface ParametersCstNode extends CstNode {
  name: "parameters";
  children: ParametersCstChildren;
}

export type ParametersCstChildren = {
  LParen: IToken[];
  parameter?: ParameterCstNode[];
  Comma?: IToken[];
  RParen: IToken[];
};

export interface ParameterCstNode extends CstNode {
  name: "parameter";
  children: ParameterCstChildren;
}

export type ParameterCstChildren = {
  Identifier: IToken[];
  Colon?: IToken[];
  parameterType?: ParameterTypeCstNode[];
  Assign?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface ParameterTypeCstNode extends CstNode {
  name: "parameterType";
  children: ParameterTypeCstChildren;
}

export type ParameterTypeCstChildren = {
  StringToken?: (IToken)[];
  Pipe?: IToken[];
  typeExpression?: TypeExpressionCstNode[];
};

export interface TypeExpressionCstNode extends CstNode {
  name: "typeExpression";
  children: TypeExpressionCstChildren;
}

export type TypeExpressionCstChildren = {
  Identifier: IToken[];
  LBracket?: IToken[];
  dimension?: DimensionCstNode[];
  Comma?: IToken[];
  RBracket?: IToken[];
};

export interface DimensionCstNode extends CstNode {
  name: "dimension";
  children: DimensionCstChildren;
}

export type DimensionCstChildren = {
  Ellipsis?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface NamesCstNode extends CstNode {
  name: "names";
  children: NamesCstChildren;
}

export type NamesCstChildren = {
  Identifier: (IToken)[];
  Comma?: (IToken)[];
};

export interface BodyCstNode extends CstNode {
  name: "body";
  children: BodyCstChildren;
}

export type BodyCstChildren = {
  LBrace: IToken[];
  member?: MemberCstNode[];
  End?: IToken[];
  RBrace: IToken[];
};

export interface MemberCstNode extends CstNode {
  name: "member";
  children: MemberCstChildren;
}

export type MemberCstChildren = {
  dataBlock?: DataBlockCstNode[];
  evalBlock?: EvalBlockCstNode[];
  trainBlock?: TrainBlockCstNode[];
  statement?: StatementCstNode[];
};

export interface StatementCstNode extends CstNode {
  name: "statement";
  children: StatementCstChildren;
}

export type StatementCstChildren = {
  batchDeclaration?: BatchDeclarationCstNode[];
  configDeclaration?: ConfigDeclarationCstNode[];
  inputDeclaration?: InputDeclarationCstNode[];
  paramDeclaration?: ParamDeclarationCstNode[];
  encoderDeclaration?: EncoderDeclarationCstNode[];
  layerDeclaration?: LayerDeclarationCstNode[];
  metricDeclaration?: MetricDeclarationCstNode[];
  outputDeclaration?: OutputDeclarationCstNode[];
  returnStatement?: ReturnStatementCstNode[];
  definition?: DefinitionCstNode[];
  rest?: RestCstNode[];
};

export interface BatchDeclarationCstNode extends CstNode {
  name: "batchDeclaration";
  children: BatchDeclarationCstChildren;
}

export type BatchDeclarationCstChildren = {
  Batch: IToken[];
  names: NamesCstNode[];
};

export interface ConfigDeclarationCstNode extends CstNode {
  name: "configDeclaration";
  children: ConfigDeclarationCstChildren;
}

export type ConfigDeclarationCstChildren = {
  Config: IToken[];
  parameter: ParameterCstNode[];
};

export interface InputDeclarationCstNode extends CstNode {
  name: "inputDeclaration";
  children: InputDeclarationCstChildren;
}

export type InputDeclarationCstChildren = {
  Input: IToken[];
  Identifier: IToken[];
  Colon?: IToken[];
  typeExpression?: TypeExpressionCstNode[];
};

export interface ParamDeclarationCstNode extends CstNode {
  name: "paramDeclaration";
  children: ParamDeclarationCstChildren;
}

export type ParamDeclarationCstChildren = {
  Param: IToken[];
  Identifier: IToken[];
  Colon?: IToken[];
  typeExpression?: TypeExpressionCstNode[];
  Assign?: IToken[];
  Tilde?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface EncoderDeclarationCstNode extends CstNode {
  name: "encoderDeclaration";
  children: EncoderDeclarationCstChildren;
}

export type EncoderDeclarationCstChildren = {
  Encoder: IToken[];
  Identifier: IToken[];
  Assign: IToken[];
  expression: ExpressionCstNode[];
};

export interface LayerDeclarationCstNode extends CstNode {
  name: "layerDeclaration";
  children: LayerDeclarationCstChildren;
}

export type LayerDeclarationCstChildren = {
  Layer: IToken[];
  Identifier: IToken[];
  Assign: IToken[];
  expression: (ExpressionCstNode)[];
  When?: IToken[];
};

export interface MetricDeclarationCstNode extends CstNode {
  name: "metricDeclaration";
  children: MetricDeclarationCstChildren;
}

export type MetricDeclarationCstChildren = {
  Metric: IToken[];
  Identifier: IToken[];
  indices?: IndicesCstNode[];
  Assign: IToken[];
  expression: ExpressionCstNode[];
};

export interface OutputDeclarationCstNode extends CstNode {
  name: "outputDeclaration";
  children: OutputDeclarationCstChildren;
}

export type OutputDeclarationCstChildren = {
  Output: IToken[];
  names: NamesCstNode[];
  indices?: IndicesCstNode[];
  Assign?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface DefinitionCstNode extends CstNode {
  name: "definition";
  children: DefinitionCstChildren;
}

export type DefinitionCstChildren = {
  Identifier: IToken[];
  indices?: IndicesCstNode[];
  Assign?: IToken[];
  Equal?: IToken[];
  expression: ExpressionCstNode[];
};

export interface IndicesCstNode extends CstNode {
  name: "indices";
  children: IndicesCstChildren;
}

export type IndicesCstChildren = {
  LBracket: IToken[];
  indexItem?: IndexItemCstNode[];
  Comma?: IToken[];
  RBracket: IToken[];
};

export interface ReturnStatementCstNode extends CstNode {
  name: "returnStatement";
  children: ReturnStatementCstChildren;
}

export type ReturnStatementCstChildren = {
  Return: IToken[];
  expression: ExpressionCstNode[];
};

export interface DataBlockCstNode extends CstNode {
  name: "dataBlock";
  children: DataBlockCstChildren;
}

export type DataBlockCstChildren = {
  Data: IToken[];
  strayWords?: StrayWordsCstNode[];
  LBrace: IToken[];
  entry?: EntryCstNode[];
  End?: IToken[];
  RBrace: IToken[];
};

export interface EvalBlockCstNode extends CstNode {
  name: "evalBlock";
  children: EvalBlockCstChildren;
}

export type EvalBlockCstChildren = {
  Eval: IToken[];
  strayWords?: StrayWordsCstNode[];
  LBrace: IToken[];
  task?: TaskCstNode[];
  entry?: EntryCstNode[];
  End?: IToken[];
  RBrace: IToken[];
};

export interface EntryCstNode extends CstNode {
  name: "entry";
  children: EntryCstChildren;
}

export type EntryCstChildren = {
  Identifier: IToken[];
  Assign: IToken[];
  expression: ExpressionCstNode[];
  rest?: RestCstNode[];
};

export interface TaskCstNode extends CstNode {
  name: "task";
  children: TaskCstChildren;
}

export type TaskCstChildren = {
  Task: IToken[];
  expression: ExpressionCstNode[];
  rest?: RestCstNode[];
};

export interface TrainBlockCstNode extends CstNode {
  name: "trainBlock";
  children: TrainBlockCstChildren;
}

export type TrainBlockCstChildren = {
  Train: IToken[];
  strayWords?: StrayWordsCstNode[];
  LBrace: IToken[];
  group?: GroupCstNode[];
  setting?: SettingCstNode[];
  End?: IToken[];
  RBrace: IToken[];
};

export interface SettingCstNode extends CstNode {
  name: "setting";
  children: SettingCstChildren;
}

export type SettingCstChildren = {
  Identifier: IToken[];
  Assign?: IToken[];
  Colon?: IToken[];
  expression?: ExpressionCstNode[];
  rest?: RestCstNode[];
};

export interface GroupCstNode extends CstNode {
  name: "group";
  children: GroupCstChildren;
}

export type GroupCstChildren = {
  For: IToken[];
  patterns: PatternsCstNode[];
  strayWords?: StrayWordsCstNode[];
  LBrace: IToken[];
  field?: FieldCstNode[];
  Comma?: IToken[];
  End?: IToken[];
  strayFields?: StrayFieldsCstNode[];
  RBrace: IToken[];
};

export interface PatternsCstNode extends CstNode {
  name: "patterns";
  children: PatternsCstChildren;
}

export type PatternsCstChildren = {
  pattern: (PatternCstNode)[];
  Comma?: IToken[];
};

export interface PatternCstNode extends CstNode {
  name: "pattern";
  children: PatternCstChildren;
}

export type PatternCstChildren = {
  segment: (SegmentCstNode)[];
  Dot?: IToken[];
};

export interface SegmentCstNode extends CstNode {
  name: "segment";
  children: SegmentCstChildren;
}

export type SegmentCstChildren = {
  Identifier?: IToken[];
  NumberToken?: IToken[];
  Star?: IToken[];
  Power?: IToken[];
};

export interface FieldCstNode extends CstNode {
  name: "field";
  children: FieldCstChildren;
}

export type FieldCstChildren = {
  Identifier: IToken[];
  Colon?: IToken[];
  Assign?: IToken[];
  expression: ExpressionCstNode[];
};

export interface ExpressionCstNode extends CstNode {
  name: "expression";
  children: ExpressionCstChildren;
}

export type ExpressionCstChildren = {
  operand: (OperandCstNode)[];
  BinaryOperator?: IToken[];
};

export interface OperandCstNode extends CstNode {
  name: "operand";
  children: OperandCstChildren;
}

export type OperandCstChildren = {
  Minus?: IToken[];
  Not?: IToken[];
  primary: PrimaryCstNode[];
  suffix?: SuffixCstNode[];
};

export interface PrimaryCstNode extends CstNode {
  name: "primary";
  children: PrimaryCstChildren;
}

export type PrimaryCstChildren = {
  Identifier?: IToken[];
  NumberToken?: IToken[];
  StringToken?: IToken[];
  True?: IToken[];
  False?: IToken[];
  Inf?: IToken[];
  None?: IToken[];
  tuple?: TupleCstNode[];
  list?: ListCstNode[];
  ifExpression?: IfExpressionCstNode[];
  Reported?: IToken[];
};

export interface TupleCstNode extends CstNode {
  name: "tuple";
  children: TupleCstChildren;
}

export type TupleCstChildren = {
  LParen: IToken[];
  expression?: ExpressionCstNode[];
  Comma?: IToken[];
  RParen: IToken[];
};

export interface ListCstNode extends CstNode {
  name: "list";
  children: ListCstChildren;
}

export type ListCstChildren = {
  LBracket: IToken[];
  expression?: ExpressionCstNode[];
  Comma?: IToken[];
  RBracket: IToken[];
};

export interface IfExpressionCstNode extends CstNode {
  name: "ifExpression";
  children: IfExpressionCstChildren;
}

export type IfExpressionCstChildren = {
  If?: IToken[];
  Elif?: IToken[];
  expression: (ExpressionCstNode)[];
  Then: IToken[];
  Else?: IToken[];
  elseIf?: ElseIfCstNode[];
};

export interface ElseIfCstNode extends CstNode {
  name: "elseIf";
  children: ElseIfCstChildren;
}

export type ElseIfCstChildren = {
  ifExpression: IfExpressionCstNode[];
};

export interface SuffixCstNode extends CstNode {
  name: "suffix";
  children: SuffixCstChildren;
}

export type SuffixCstChildren = {
  call?: CallCstNode[];
  index?: IndexCstNode[];
  memberAccess?: MemberAccessCstNode[];
};

export interface CallCstNode extends CstNode {
  name: "call";
  children: CallCstChildren;
}

export type CallCstChildren = {
  LParen: IToken[];
  argument?: ArgumentCstNode[];
  Comma?: IToken[];
  RParen: IToken[];
};

export interface ArgumentCstNode extends CstNode {
  name: "argument";
  children: ArgumentCstChildren;
}

export type ArgumentCstChildren = {
  Identifier?: IToken[];
  Colon?: IToken[];
  Assign?: IToken[];
  expression: ExpressionCstNode[];
};

export interface IndexCstNode extends CstNode {
  name: "index";
  children: IndexCstChildren;
}

export type IndexCstChildren = {
  LBracket: IToken[];
  indexItem?: IndexItemCstNode[];
  Comma?: IToken[];
  RBracket: IToken[];
};

export interface IndexItemCstNode extends CstNode {
  name: "indexItem";
  children: IndexItemCstChildren;
}

export type IndexItemCstChildren = {
  Ellipsis?: IToken[];
  expression?: ExpressionCstNode[];
  slice?: (SliceCstNode)[];
};

export interface SliceCstNode extends CstNode {
  name: "slice";
  children: SliceCstChildren;
}

export type SliceCstChildren = {
  Colon: (IToken)[];
  expression?: (ExpressionCstNode)[];
};

export interface MemberAccessCstNode extends CstNode {
  name: "memberAccess";
  children: MemberAccessCstChildren;
}

export type MemberAccessCstChildren = {
  Dot: IToken[];
  Identifier: IToken[];
};

export interface RestCstNode extends CstNode {
  name: "rest";
  children: RestCstChildren;
}

export type RestCstChildren = {
  Word?: IToken[];
  block?: BlockCstNode[];
};

export interface StrayWordsCstNode extends CstNode {
  name: "strayWords";
  children: StrayWordsCstChildren;
}

export type StrayWordsCstChildren = {
  Word: IToken[];
};

export interface StrayFieldsCstNode extends CstNode {
  name: "strayFields";
  children: StrayFieldsCstChildren;
}

export type StrayFieldsCstChildren = {
  Word?: IToken[];
  End?: IToken[];
};

export interface BlockCstNode extends CstNode {
  name: "block";
  children: BlockCstChildren;
}

export type BlockCstChildren = {
  LBrace: IToken[];
  rest?: RestCstNode[];
  End?: IToken[];
  RBrace: IToken[];
};
