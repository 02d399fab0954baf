import { error } from "../../grammar/diagnostic.js";

/** What a program is fed does not fit its declarations. Each says where the value and where the declaration come from. */
export const feedMessages = {
  rank: error("SIG6101")`${"origin"} has shape ${"found"}; ${"name"} is declared ${"declared"} (${"place"}).`
    .help`give an array with ${"rank"} axes`,
  size: error(
    "SIG6102",
  )`${"origin"} has ${"found"} along axis ${"axis"}; ${"name"} is declared ${"declared"} (${"place"}), which needs ${"wanted"}.`,
  multiple: error(
    "SIG6103",
  )`${"origin"} has ${"found"} along axis ${"axis"}; ${"name"} is declared ${"declared"} (${"place"}), which needs a multiple of ${"factor"}.`,
  batchConflict: error("SIG6104")`batch ${"batch"} is ${"first"} by ${"firstOrigin"} and ${"second"} by ${"secondOrigin"}.`
    .help`give arrays that agree, or declare a second batch`,
  batchUnknown: error("SIG6105")`no array tells the size of batch ${"batches"}.`.help`give it: ${"flags"}`,
  batchEmpty: error("SIG6106")`batch ${"batch"} is 0 by ${"origin"}; a batch holds at least one row.`,
  dtype: error("SIG6107")`${"origin"} holds ${"found"}; ${"name"} is declared ${"declared"} (${"place"}).`.help`convert it: ${"fix"}`,
  range: error("SIG6108")`${"origin"} holds ${"value"} at index [${"index"}], which ${"dtype"} cannot hold (${"name"}, ${"place"}).`,
  nonFinite: error("SIG6109")`${"origin"} holds ${"value"} at index [${"index"}].`
    .help`remove it, or pass --allow-nonfinite to let it through`,
  indexBound: error(
    "SIG6110",
  )`${"origin"} holds ${"value"} at index [${"index"}]; ${"name"} picks rows of a table of ${"below"} (${"place"}).`
    .help`indices run from 0 to ${"last"}`,
} as const;
