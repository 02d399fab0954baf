import { formSweeps } from "../../../compiler/passes/form-sweeps.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("form-sweeps.sigir", import.meta.url), formSweeps);
