/** Every mistake that checking can find. 30: names and files, 31: compile time, 32: types and sizes, 33: indices, 34: modules, 35: results, 36: training, 37: data, 38: evaluation. */
import { error, warning } from "../../grammar/diagnostic.js";

export const messages = {
  // Names and files ------------------------------------------------------------------------------------------
  unknownName: error("SIG3001")`There is no \`${"name"}\` here.`,
  usedBefore: error("SIG3002")`\`${"name"}\` is used before it is defined.`.help`move the definition of \`${"name"}\` above this line`,
  definedTwice: error("SIG3003")`\`${"name"}\` is defined already, as ${"what"}.`.help`give one of the two another name`,
  noSuchFile: error("SIG3004")`The file "${"uri"}" cannot be found.`
    .help`paths are relative to the file that imports; \`std/…\` names the modules that come with Sig`,
  notInFile: error("SIG3005")`"${"uri"}" defines no module \`${"name"}\`.`,
  importCycle: error("SIG3006")`"${"uri"}" imports itself: ${"chain"}.`.help`move what both need into a third file`,
  noPipeline: error("SIG3007")`The file defines no pipeline.`.help`write \`pipeline name { … }\``,
  whichPipeline: error("SIG3008")`The file defines several pipelines (${"names"}).`.help`choose one with --pipeline NAME`,
  unusedInput: warning("SIG3010")`The input \`${"name"}\` is never used.`.help`remove it, or use it in the loss or an output`,
  unusedParam: warning("SIG3011")`The parameter \`${"name"}\` is never used, so it has no gradient.`,
  batchOfNoInput: warning("SIG3012")`No input has an axis of size \`${"name"}\`, so data cannot tell its size.`
    .help`give it with --set ${"name"}=…, or use \`${"name"}\` in an input's type`,

  // Compile time ---------------------------------------------------------------------------------------------
  notCompileTime: error("SIG3101")`${"what"} must be known at compile time; this is ${"found"}.`
    .help`use a number, a \`config\` or arithmetic on them`,
  ifOnData: error("SIG3102")`\`if\` chooses at compile time; this condition is ${"found"}.`
    .help`use \`where(condition, a, b)\` to choose element by element`,
  wrongKind: error("SIG3103")`${"what"} must be ${"wanted"}; this is ${"found"}.`,
  notAWholeNumber: error("SIG3104")`${"what"} must be a whole number; this is ${"found"}.`,
  outOfBounds: error("SIG3105")`${"what"} must be ${"wanted"}; this is ${"found"}.`,
  noSuchChoice: error("SIG3106")`\`${"name"}\` is one of ${"choices"}; "${"found"}" is not.`,
  factorOutsideGroup: error(
    "SIG3107",
  )`A factor such as \`${"value"}x\` multiplies an inherited setting; it stands only in a \`for … { }\` group of \`train\`.`
    .help`write \`${"value"}\``,
  notANumber: error("SIG3108")`${"what"} comes out as ${"found"} here.`,

  // Types and sizes --------------------------------------------------------------------------------------------
  unknownDType: error("SIG3201")`There is no type \`${"name"}\`.`.help`the types are bool, i32, u32, bf16, f16, f32 and f64`,
  sizesDiffer: error("SIG3202")`${"what"} ${"left"} and ${"right"}: ${"first"} is not ${"second"}.`,
  ranksDiffer: error("SIG3203")`${"what"}: ${"left"} and ${"right"} differ in their number of axes.`,
  vectorMeetsPair: error(
    "SIG3204",
  )`${"vector"} (${"vectorType"}) grows with the batch and has fewer axes than ${"pair"} (${"pairType"}): it could be meant per row or per column.`
    .help`write \`${"perRow"}\` for one value per row, or \`${"perColumn"}\` for one value per column`,
  boolInArithmetic: error("SIG3205")`\`${"op"}\` needs numbers; ${"operand"} is true or false.`.help`write \`where(${"spelling"}, 1, 0)\``,
  needsBool: error("SIG3206")`${"what"} needs true or false; this is ${"found"}.`.help`compare it with something, e.g. \`x > 0\``,
  needsTensor: error("SIG3207")`${"what"} needs a number or a tensor; this is ${"found"}.`,
  noSuchAxis: error("SIG3208")`${"value"} has ${"rank"} axes; there is no axis ${"axis"}.`.help`axes count from 0; -1 is the last`,
  needsAxes: error("SIG3209")`${"what"} needs ${"wanted"}; this is ${"found"}.`,
  needsInteger: error("SIG3210")`${"what"} must be an integer; this is ${"found"}.`,
  inexactReshape: error("SIG3211")`${"from"} elements cannot be laid out as ${"to"}.`,
  badPattern: error("SIG3212")`The pattern "${"pattern"}" does not fit: ${"why"}.`
    .help`for example rearrange(x, "b (h p) (w q) c -> b (h w) (p q c)", p: 4, q: 4)`,
  comparesKinds: error("SIG3213")`${"left"} cannot be compared with ${"right"}.`,
  reducesOne: error("SIG3215")`\`${"name"}\` reduces one array; its second argument is an axis.`
    .help`write \`${"name"}imum(a, b)\` for the ${"word"} of two, element by element`,
  kernelTooLarge: error("SIG3216")`A kernel of ${"kernel"} does not fit into a picture of ${"picture"}, zeros around it included.`
    .help`write \`padding: "same"\`, or take a smaller kernel`,
  emptyList: error("SIG3214")`${"what"} needs at least one value.`,

  // Indices ------------------------------------------------------------------------------------------------------
  twoRanges: error("SIG3301")`\`${"index"}\` runs over ${"first"} and over ${"second"}.`.help`use another index for the second`,
  rangeUnknown: error("SIG3302")`Nothing says how far \`${"index"}\` runs.`
    .help`an index gets its range where it indexes something alone, as in \`x[${"index"}]\``,
  indexUnused: error("SIG3303")`The index \`${"index"}\` is not used in ${"where"}.`
    .help`remove it: values are repeated along an index wherever they meet one that has it`,
  indexTwice: error("SIG3304")`The index \`${"index"}\` is bound twice.`,
  indexShadows: error("SIG3305")`The index \`${"index"}\` hides ${"what"} of the same name.`.help`choose another name for the index`,
  indexUnbound: error("SIG3306")`\`${"index"}\` is not bound.`
    .help`bind it on the left, \`name[${"index"}] = …\`, or by a reducer, \`sum[${"index"}](…)\``,
  alongUnbound: error("SIG3307")`\`${"op"}\` works along \`${"index"}\`, which is not bound here.`
    .help`bind it on the left: \`name[…, ${"index"}] = ${"op"}[${"index"}](…)\``,
  tooManyIndices: error("SIG3308")`${"value"} has ${"rank"} axes and is given ${"given"} indices.`,
  oneIndex: error("SIG3309")`\`${"op"}\` takes one index; it is given ${"given"}.`,
  cannotIndex: error("SIG3310")`Only tensors can be indexed; this is ${"found"}.`,
  wholeMeetsElement: error(
    "SIG3311",
  )`${"whole"} (${"wholeType"}) is a whole array, and meets one value for each ${"indices"}: it could be meant ${"per"}.`
    .help`write ${"rewrites"}`,
  indexOutside: error("SIG3312")`${"index"} is outside of an axis of size ${"size"}.`,

  // Calls, modules and layers -------------------------------------------------------------------------------------
  notCallable: error("SIG3401")`Only modules, layers and functions can be called; this is ${"found"}.`,
  unknownFunction: error("SIG3402")`There is no function or module \`${"name"}\`.`,
  unknownArgument: error("SIG3403")`\`${"callee"}\` has no argument \`${"name"}\`.`.help`it is called as ${"signature"}`,
  missingArgument: error("SIG3404")`\`${"callee"}\` needs \`${"name"}\`.`.help`it is called as ${"signature"}`,
  tooManyArguments: error("SIG3405")`\`${"callee"}\` takes at most ${"most"} arguments; this is one more.`
    .help`it is called as ${"signature"}`,
  argumentTwice: error("SIG3406")`\`${"name"}\` is given twice.`,
  positionalAfterNamed: error("SIG3407")`Arguments without a name come before those with one.`
    .help`behind one with a name, a bare name such as \`width\` stands for \`width: width\``,
  notALayer: error("SIG3408")`\`${"name"}\` must be a module with its configuration, such as \`vit(256, depth: 6)\`; this is ${"found"}.`,
  layerLeftOut: error("SIG3409")`\`${"name"}\` is left out: its \`when\` does not hold.`,
  layerUnnamed: error("SIG3410")`\`${"name"}\` has parameters or layers of its own, whose paths need a name.`
    .help`write \`layer x = …\` or \`encoder x = …\`, then call \`x(…)\``,
  moduleInItself: error("SIG3411")`The module \`${"name"}\` contains itself: ${"chain"}.`,
  wrongInput: error("SIG3413")`\`${"name"}\` wants ${"wanted"} for \`${"input"}\`; this is ${"found"}.`,
  wrongReturn: error("SIG3414")`\`${"name"}\` promises ${"wanted"}; this is ${"found"}.`,
  sharedDiffers: error("SIG3415")`The parameter \`${"path"}\` is ${"first"} in one use of its layer and ${"second"} in this one.`
    .help`give the second use a layer of its own`,
  noConstructor: error("SIG3417")`\`${"name"}\` needs its configuration before it is applied.`
    .help`write \`layer x = ${"signature"}\`, then \`x(…)\``,
  tooManyLayers: error("SIG3418")`More than ${"most"} layers are applied in all.`.help`check the counts of \`repeat\``,
  noSuchMember: error("SIG3419")`${"found"} has no \`.${"name"}\`.`,
  notAValue: error("SIG3421")`\`${"name"}\` is a function.`.help`it is called as ${"signature"}`,
  needsInput: error("SIG3422")`\`${"name"}\` takes no input, so it cannot be repeated.`,
  repeatTwice: error("SIG3423")`A repeated layer cannot be repeated again.`.help`multiply the counts, or put the inner repeat in a module`,
  noReducer: error("SIG3420")`\`${"name"}\` does not reduce over an index.`,

  // Inputs, parameters and results -----------------------------------------------------------------------------------
  paramWithoutStart: error("SIG3501")`The parameter \`${"name"}\` does not say how it starts.`
    .help`write \`= 0\` for a constant or \`~ normal(0.02)\` for a random start`,
  randomNeedsInitialiser: error("SIG3502")`\`~\` draws at random and needs an initialiser; this is ${"found"}.`
    .help`write \`~ normal(0.02)\`, \`~ lecun_normal()\`, … or \`= …\` for a constant`,
  constantNeedsNumber: error("SIG3503")`\`=\` starts a parameter at a number; this is ${"found"}.`.help`write \`~ …\` to draw it at random`,
  fansNeedMatrix: error(
    "SIG3504",
  )`\`${"name"}\` scales with the inputs of a unit and needs a parameter with at least two axes; this is ${"found"}.`
    .help`write \`~ normal(std)\` with a number`,
  paramGrows: error("SIG3505")`A parameter's size cannot depend on a batch: \`${"name"}\` would be ${"found"}.`,
  paramNotFloat: error("SIG3506")`A parameter is a float; \`${"name"}\` is ${"found"}.`,
  noLoss: error("SIG3507")`The pipeline has neither a loss nor an output.`.help`define \`loss = …\` or \`output name\``,
  lossNotScalar: error("SIG3508")`\`${"name"}\` must be one number; this is ${"found"}.`
    .help`sum or average over what is left, e.g. \`mean(…)\``,
  resultTwice: error("SIG3510")`\`${"name"}\` is a result already.`,
  ellipsisInInput: error("SIG3511")`An input says every axis; \`...\` stands only in a module's types.`,

  // Training ------------------------------------------------------------------------------------------------------------
  trainTwice: error("SIG3601")`There is a \`train\` block already.`,
  trainWithoutLoss: error("SIG3602")`Training needs a loss.`.help`define \`loss = …\``,
  trainWithoutOptimizer: error("SIG3603")`The \`train\` block has no optimizer.`
    .help`write \`optimizer adamw(lr: 1e-3, decay: 1e-4, decay_mode: "independent")\``,
  unknownSetting: error("SIG3604")`There is no setting \`${"name"}\` here.`.help`there are ${"known"}`,
  settingTwice: error("SIG3605")`\`${"name"}\` is set already.`,
  unknownMethod: error("SIG3606")`There is no ${"what"} \`${"name"}\`.`.help`there are ${"known"}`,
  decayModeMissing: error("SIG3607")`The weight decay does not say its convention.`
    .help`write \`decay_mode: "independent"\` (w loses schedule * decay * w) or \`decay_mode: "coupled"\` (also times the learning rate)`,
  matchesNothing: error("SIG3608")`No parameter matches \`${"pattern"}\`.`.help`the parameters are ${"known"}`,
  methodNeedsCall: error("SIG3609")`\`${"what"}\` needs one of ${"known"}.`,

  // Data ----------------------------------------------------------------------------------------------------------------
  blockTwice: error("SIG3701")`There is ${"what"} block already.`.help`put the entries of both into one`,
  entryOfNoInput: error("SIG3702")`\`${"name"}\` is no input, so there is nothing to fill.`.help`the inputs are ${"known"}`,
  entryTwice: error("SIG3703")`\`${"name"}\` has an entry already.`,
  noSource: error("SIG3704")`An entry begins with where its values come from.`
    .help`write \`column("jpg")\` for a member or field of each sample, or \`embeddings("FILE.safetensors#KEY")\` for rows in the order of the samples`,
  unknownTransform: error("SIG3705")`There is no transform \`${"name"}\`.`.help`there are ${"known"}`,
  transformOrder: error("SIG3706")`\`${"name"}\` takes ${"takes"}; \`${"before"}\` gives ${"gives"}.`.help`${"fix"}`,
  entryUnfinished: error("SIG3707")`The entry of \`${"name"}\` ends in \`${"last"}\`, which gives ${"gives"}, and no numbers.`
    .help`go on with ${"fix"}`,
  entryNeedsRows: error("SIG3708")`\`${"name"}\` is ${"declared"}; samples fill an input whose first axis is a batch, and no other axis is.`
    .help`declare it [n, …], or leave the entry out and give the input whole: --data ${"name"}=FILE`,
  entryShape: error("SIG3709")`The entry of \`${"name"}\` gives ${"gives"}; the input is ${"declared"}.`
    .help`change the sizes of one of the two`,

  // Evaluation ----------------------------------------------------------------------------------------------------------
  taskNeedsName: error("SIG3801")`\`${"what"}\` names a value of the pipeline; this is ${"found"}.`
    .help`define it on a line of its own, e.g. \`zi = …\`, and write \`${"what"}: zi\``,
  taskNeedsRows: error(
    "SIG3802",
  )`A task compares values with one row of floats per example, such as f32[n, 768]; \`${"name"}\` is ${"found"}.`,
  taskWidths: error("SIG3803")`A task compares rows of equal width: \`${"image"}\` has ${"imageWidth"}, \`${"text"}\` has ${"textWidth"}.`,
  taskNumbers: error("SIG3804")`\`${"what"}\` names an input with one whole number for each row of \`${"side"}\`; this is ${"found"}.`
    .help`declare it: \`input ${"what"}: ${"wanted"}\``,
  taskOneId: error("SIG3805")`Ids are compared, so both sides need them: \`${"other"}\` is missing.`
    .help`add \`${"other"}: …\`, or leave out both: then the texts of a sample are right for its picture`,
} as const;
