import { dce } from "../../../compiler/passes/dce.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("dce.sigir", import.meta.url), dce);
