import { transposesToLeaves } from "../../../compiler/passes/transposes-to-leaves.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("transposes-to-leaves.sigir", import.meta.url), transposesToLeaves);
