import { error } from "../../grammar/diagnostic.js";

/** What can be wrong with a checkpoint that is to be loaded. */
export const checkpointMessages = {
  none: error("SIG6050")`${"folder"}: holds no checkpoint.`.help`check the path, or train without --resume`,
  document: error("SIG6051")`${"file"}: does not describe a checkpoint: ${"reason"}.`.help`load another checkpoint of the same run`,
  version: error("SIG6052")`${"file"}: has checkpoint format ${"found"}; this release reads ${"known"}.`
    .help`load it with the release that wrote it`,
  damaged: error("SIG6053")`${"file"}: is not what was written: ${"reason"}.`.help`load another checkpoint of the same run`,
  pipeline: error("SIG6054")`${"folder"}: was written by pipeline "${"found"}", and this is "${"wanted"}".`
    .help`choose the pipeline with --pipeline, or another folder with --out`,
  tensors: error("SIG6055")`${"folder"}: its ${"group"} does not fit the program: ${"differences"}.`
    .help`give the same --set values as the run that wrote it, or start anew in another folder`,
  program: error(
    "SIG6056",
  )`${"folder"}: was written by another version of the program: every parameter fits, but the step it computes has changed.`
    .help`resume with the program that wrote it, or start anew from its model.safetensors with --params`,
  fixed: error("SIG6057")`${"folder"}: was written with ${"name"} = ${"found"}, and this run has ${"wanted"}.`
    .help`give the same ${"name"}, or start anew in another folder`,
  noneToRead: error("SIG6058")`${"folder"}: holds no checkpoint.`.help`give the folder of a run, or of one of its steps`,
  otherPipeline: error("SIG6059")`${"folder"}: was written by pipeline "${"found"}", and this is "${"wanted"}".`
    .help`choose the pipeline with --pipeline, or give its parameters by themselves: --params ${"folder"}/model.safetensors`,
  noAverage: error("SIG6070")`${"folder"}: its run kept no moving average of the parameters.`.help`leave out --ema`,
  preparation: error("SIG6071")`${"folder"}: was trained for ${"name"} = ${"found"}, and the program now has ${"wanted"}.`
    .help`evaluate with the program, and the files beside it, that trained it`
    .help`or give the parameters by themselves: --params ${"folder"}/model.safetensors`,
} as const;
