import { microBatch } from "../../../compiler/passes/micro-batch.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("micro-batch.sigir", import.meta.url), microBatch);
