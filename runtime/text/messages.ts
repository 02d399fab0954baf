import { error } from "../../grammar/diagnostic.js";

/** Tokenizers that cannot be used. Each says the file, the cause and the fix. */
export const textMessages = {
  notTokenizer: error("SIG6270")`${"file"}: is not a tokenizer: ${"reason"}.`
    .help`give a tokenizer.json of the tokenizers library, with a model of type BPE, WordPiece, Unigram or WordLevel`,
  fails: error("SIG6271")`${"file"}: this tokenizer fails on ${"text"}: ${"reason"}.`
    .help`write the file again with the tokenizers library`,
  noId: error("SIG6272")`${"file"}: this tokenizer has no token for a part of ${"text"}, and none for what is unknown.`
    .help`give its model an unk_token, or one token for every byte`,
  noToken: error("SIG6273")`${"file"}: has no token "${"token"}" to ${"purpose"} with.`.help`its special tokens are: ${"known"}`,
  padId: error("SIG6274")`${"file"}: has ${"vocabulary"} ids, and ${"id"} is none of them to pad with.`
    .help`pad with a token by its name, or with an id from 0 to ${"last"}`,
} as const;
