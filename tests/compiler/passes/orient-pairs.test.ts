import { orientPairs } from "../../../compiler/passes/orient-pairs.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("orient-pairs.sigir", import.meta.url), orientPairs);
