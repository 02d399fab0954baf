import { cse } from "../../../compiler/passes/cse.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("cse.sigir", import.meta.url), cse);
