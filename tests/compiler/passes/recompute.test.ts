import { recompute } from "../../../compiler/passes/recompute.js";
import { ladderOf } from "../../../compiler/passes/saved/ladder.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(
  new URL("recompute.sigir", import.meta.url),
  recompute((graph) => ladderOf(graph, ["loss"]), Number.POSITIVE_INFINITY),
);
