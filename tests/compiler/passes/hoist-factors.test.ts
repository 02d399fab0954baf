import { hoistFactors } from "../../../compiler/passes/hoist-factors.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("hoist-factors.sigir", import.meta.url), hoistFactors);
