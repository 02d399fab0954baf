import { error } from "../../grammar/diagnostic.js";

/** What can be wrong with samples as a source of batches. */
export const loaderMessages = {
  samplesNotGiven: error("SIG6301")`${"names"} come from samples by the data block (${"place"}), and no samples are given.`
    .help`give shards, a folder of them or a manifest: --data "shards/train-{000..005}.tar", --data shards, --data train.jsonl`
    .help`or give each input a column: --data NAME=FILE.safetensors#KEY or NAME=FILE.npy`,
  samplesNotUsed: error("SIG6302")`--data ${"path"}: no input of ${"pipeline"} is read from samples.`
    .help`say how in a data block, for example data { image = column("jpg") | decode | resize(32) | to_float(-1, 1) }`
    .help`or name the input that a column is for: --data NAME=FILE`,
  rowsDiffer: error("SIG6303")`${"origin"} has ${"found"} rows, and there are ${"wanted"} samples.`
    .help`a column beside samples needs one row for each, in their order`,
  tooManyBroken: error("SIG6304")`${"count"} of ${"rows"} samples are broken, and at most ${"limit"} may be. The first: ${"first"}`
    .help`repair or remove them; or let more be left out: --broken ${"count"}`,
  notRead: error("SIG6305")`no entry says how ${"input"} of ${"pipeline"} is read from samples (${"place"}).`
    .help`add one to the data or the eval block, for example ${"input"} = column("jpg") | decode | resize(32) | to_float(-1, 1)`,

  columnMissing: error("SIG6310")`${"origin"}: there is no "${"column"}".`.help`${"input"} is read from it (${"place"})`,
  columnKind: error("SIG6311")`${"origin"}: "${"column"}" is ${"found"}; ${"input"} takes ${"wanted"} from it (${"place"}).`.help`${"fix"}`,
  pictureSize: error("SIG6312")`${"origin"}: the picture is ${"found"} high and wide; ${"input"} is declared ${"declared"} (${"place"}).`
    .help`bring all to one size: decode | resize(32)`,
} as const;
