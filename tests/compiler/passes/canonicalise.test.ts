import { canonicalise } from "../../../compiler/passes/canonicalise.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("canonicalise.sigir", import.meta.url), canonicalise);
