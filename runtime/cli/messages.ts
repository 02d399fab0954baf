import { error } from "../../grammar/diagnostic.js";

/** Mistakes on the command line (exit 2) and in what it names (exit 3). */
export const cliMessages = {
  usage: error("SIG7001")`${"problem"}.`.help`see sigc ${"command"} --help`,
  unknownName: error("SIG7002")`there is no ${"kind"} "${"name"}".`.help`did you mean "${"nearest"}"?`,
  unknownNameListed: error("SIG7003")`there is no ${"kind"} "${"name"}".`.help`there is: ${"known"}`,
  badSetting: error("SIG7010")`--set ${"name"}=${"text"}: ${"name"} takes ${"wanted"}.`,
  reserved: error("SIG7004")`sigc ${"command"} is reserved and does nothing yet.`.help`see sigc --help for what works`,
  pair: error("SIG7005")`${"flag"} "${"text"}" is not of the form ${"form"}.`,
  twice: error("SIG7006")`${"flag"} ${"name"} is given twice.`.help`keep one of them`,
  bytes: error("SIG7007")`"${"text"}" is no amount of memory.`.help`write for example 2GiB, 512MiB or 1500MB`,
  count: error("SIG7008")`${"flag"} "${"text"}" is not a whole number of at least ${"least"}.`,
  number: error("SIG7009")`--param ${"name"}: "${"text"}" is neither a number nor a .npy or .safetensors file.`
    .help`write --param ${"name"}=-10 or --param ${"name"}=FILE.safetensors#KEY`,

  sourceUnreadable: error("SIG7020")`${"file"}: cannot be read: ${"reason"}.`.help`check the path`,
  sourceTooLarge: error("SIG7021")`${"file"}: is ${"bytes"} bytes long; a source file has at most ${"most"}.`.help`is it a .sig file?`,
  sourceNotText: error("SIG7022")`${"file"}: is not UTF-8 text.`.help`is it a .sig file?`,

  exists: error("SIG7023")`${"file"}: exists already, and nothing is overwritten.`.help`choose another folder`,

  inputUnknown: error("SIG7030")`${"pipeline"} has no ${"kind"} "${"name"}".`.help`${"help"}`,
  inputMissing: error("SIG7031")`no value is given for ${"names"}.`
    .help`give each input one with --input NAME=FILE.npy or NAME=FILE.safetensors#KEY`.help`or draw them at random: --synthetic SEED`,
  paramNotScalar: error("SIG7032")`--param ${"name"}=${"text"}: ${"name"} is ${"declared"} (${"place"}), and one number does not fill it.`
    .help`give an array: --param ${"name"}=FILE.npy`,
  paramMissingKey: error("SIG7038")`${"file"}: holds no tensor for the parameter "${"path"}".`.help`it holds: ${"keys"}`,
  paramUnusedKey: error("SIG7039")`${"file"}: its tensor "${"key"}" is no parameter of ${"pipeline"}.`.help`the parameters are: ${"known"}`,
  noLoss: error("SIG7041")`${"pipeline"} defines no loss, so there is no gradient to take.`.help`define loss = …`,
  noTrainBlock: error("SIG7042")`${"pipeline"} has no train block.`.help`add for example: train { optimizer adamw(lr: 1e-3) }`,
  outOfMemory: error("SIG7044")`memory ran out: ${"reason"}.`.help`sigc plan says what a run needs, and with --memory which batch fits`
    .help`lower the batch size, or bound the run with --memory`,
  twoNames: error("SIG7024")`--why-not-fused compares two definitions.`.help`write: sigc explain FILE --why-not-fused A B`,
  noFormat: error("SIG7045")`convert is told neither --from nor --to.`.help`give one of them a format: ${"known"}`,
  noParameters: error("SIG7060")`no value is given for the parameter "${"path"}" of ${"pipeline"}.`
    .help`give trained ones: --checkpoint runs/${"pipeline"}, or --params FILE.safetensors`,
  emaOfNothing: error("SIG7061")`--ema chooses among the parameters of a checkpoint, and none is given.`.help`add --checkpoint FOLDER`,
  noValue: error("SIG7063")`${"pipeline"} has no value "${"name"}" to compute.`.help`${"help"}`,
  valueNotRows: error("SIG7064")`"${"name"}" is ${"found"} (${"place"}), and has no row for each example.`
    .help`name values whose first axis is a batch, and no other: --outputs zi,zt`,
  noOutputs: error("SIG7065")`${"pipeline"} does not say what to compute.`.help`name values with one row per example: --outputs zi,zt`,
  nothingSought: error("SIG7066")`query is told neither --text nor --image.`.help`give one of them: --text "a red apple", or --image FILE`,
  pictureTooLarge: error("SIG7067")`${"file"}: has ${"bytes"} bytes; a picture has at most ${"most"}.`.help`is it a picture?`,
  noTask: error("SIG7062")`${"pipeline"} has no task to measure.`
    .help`add for example: eval { task retrieval(image: zi, text: zt) }, with values that have one row per example`,
  noOut: error("SIG7043")`--grad computes arrays and has nowhere to put them.`.help`add --out FILE.safetensors`,
} as const;
