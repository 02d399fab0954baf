import { error, warning } from "../../grammar/diagnostic.js";

/** What can stop an evaluation. */
export const evalMessages = {
  rowsDiffer: error(
    "SIG6601",
  )`the task at ${"place"} pairs rows of ${"image"} with rows of ${"text"}, and there are ${"images"} and ${"texts"}.`
    .help`give data of equal length, or name inputs that say which belong together: image_id: …, text_id: …`,
  noTextEntry: error("SIG6602")`nothing says how a caption becomes ${"names"} of ${"pipeline"}.`
    .help`say it in a data block, for example data { tokens = column("txt") | tokenize("tokenizer.json", length: 16) }`,
  noPictureEntry: error("SIG6607")`nothing says how a picture becomes ${"names"} of ${"pipeline"}.`
    .help`say it in a data block, for example data { image = column("jpg") | decode | resize(32) | to_float(-1, 1) }`,
  noPictures: error("SIG6608")`no picture can be shown: ${"reason"}.`.help`leave out --sheet, or search among the pictures of samples`,
  listUnreadable: error("SIG6603")`${"file"}: is no JSON list of texts: ${"reason"}.`.help`write for example ["a cat", "a dog"]`,
  noPlace: error("SIG6604")`${"file"}: the template "${"template"}" has no {} for the name of the class.`
    .help`write for example "a photo of a {}"`,
  noExamples: error("SIG6605")`there is no example to compute ${"values"} of.`.help`check what --data names`,
  hole: error("SIG6606")`the example at place ${"place"}, counted from 0, is broken, and its row would be missing: ${"reason"}`
    .help`repair or remove it: rows are found by their place`,
  ranksTooLarge: error("SIG6610")`${"images"} and ${"texts"} embeddings of width ${"width"} cannot be ranked within the memory: ${"reason"}`
    .help`raise --memory, or leave it out: embeddings are ranked whole`,
  rowsMeet: warning(
    "SIG6609",
  )`Here rows of ${"values"} depend on one another, and so on the batches that they are computed in: ${"batch"} examples each.`
    .help`make each row of its own example alone, or compute all of them at once with --batch`,
} as const;
