import { error } from "../../../grammar/diagnostic.js";

/** What can keep a TensorFlow.js backend from running a plan. */
export const messages = {
  precision: error("SIG6401")`${"engine"} computes in float32, and float64 was asked for.`
    .help`use --engine reference or planref for float64, or --precision f32`,
  wantsMoreThanIsSafe: error(
    "SIG6402",
  )`${"engine"} holds at most ${"limit"} bytes, because past 4 GiB it was seen to return wrong data; this plan needs ${"needed"}, and up to ${"meanwhile"} more while its ops run.`
    .help`lower the batch size, or bound the plan with --memory`.help`or use another engine, for example tfjs:node`,
  outOfMemory: error("SIG6403")`${"engine"} ran out of memory: ${"reason"}.`.help`lower the batch size, or bound the plan with --memory`,
  indexTooLarge: error("SIG6404")`input ${"input"} holds ${"value"}; ${"engine"} keeps integers in 32 bits with a sign.`
    .help`renumber it below 2^31`,
  notFound: error("SIG6410")`${"package"} is not installed.`.help`${"fix"}`,
  notBuilt: error("SIG6411")`${"package"} is installed without its native part.`
    .help`npm run build:tfjs-node builds it against a TensorFlow wheel`,
  libraryMoved: error("SIG6412")`${"package"} cannot load TensorFlow: ${"reason"}.`
    .help`TensorFlow was moved or removed: build again with npm run build:tfjs-node`,
  failedProof: error("SIG6413")`${"engine"} was loaded and then failed: ${"reason"}.`.help`${"fix"}`,
  oneNative: error("SIG6414")`${"loaded"} is loaded in this process, and ${"package"} would register the same backend.`
    .help`start another process for it`,
} as const;
