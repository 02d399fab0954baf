import { error } from "../../grammar/diagnostic.js";

/** What can go wrong when sizes meet a budget. */
export const messages = {
  overBudget: error(
    "SIG5001",
  )`the step needs ${"needed"} even with the smallest tiles, and --memory allows ${"budget"}. Largest at the peak: ${"largest"}.`
    .help`run with --memory ${"flag"} or more, or with a smaller batch`,
  overEngineLimit: error(
    "SIG5002",
  )`the step needs ${"needed"} even with the smallest tiles, and ${"engine"} holds no more than ${"budget"}. Largest at the peak: ${"largest"}.`
    .help`take a smaller batch, or another engine`,
  noBatchSize: error("SIG5003")`batch \`${"batch"}\` needs a size of at least 1; it is ${"size"}.`
    .help`give it with --set ${"batch"}=4096, or by an input that has that axis`,
  tooLarge: error("SIG5004")`a value of ${"size"} elements has more bytes than can be counted exactly.`.help`take a smaller batch`,
} as const;
