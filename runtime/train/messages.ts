import { error } from "../../grammar/diagnostic.js";

/** What can stop a training run. */
export const trainMessages = {
  noBatch: error("SIG7104")`the batch size is not known.`.help`write batch 256 in the train block, or pass --batch 256`,
  noSteps: error("SIG7105")`the number of steps is not known.`.help`write steps 1000 in the train block, or pass --steps 1000`,
  dataMissing: error("SIG7106")`no column is given for ${"names"}.`
    .help`give each input one with --data NAME=FILE.safetensors#KEY or NAME=FILE.npy`,
  dataUnknown: error("SIG7107")`--data ${"name"}: ${"pipeline"} has no input of that name.`.help`${"help"}`,
  rowShape: error("SIG7108")`${"origin"} has rows of shape [${"found"}]; ${"name"} is declared ${"declared"} (${"place"}).`,
  batchAxis: error(
    "SIG7109",
  )`the input ${"name"} is declared ${"declared"} (${"place"}): training cuts batches along a first axis that is a batch, and along no other.`
    .help`declare it [n, …], or without a batch axis to feed it whole at every step`,
  folderInUse: error("SIG7110")`${"folder"} holds checkpoints of a run.`.help`go on with it: --resume`.help`or write elsewhere: --out DIR`,
  nonFinite: error("SIG7111")`${"name"} is ${"value"} at step ${"step"} (${"place"}).`.help`the last good checkpoint is ${"checkpoint"}`
    .help`lower the learning rate, lengthen the warm-up, or clip the gradient norm`,
  nonFiniteState: error("SIG7116")`${"element"} is ${"value"} after the update of step ${"step"} (${"place"}): it is not saved.`
    .help`the last good checkpoint is ${"checkpoint"}`.help`lower the learning rate, lengthen the warm-up, or clip the gradient norm`,
} as const;
