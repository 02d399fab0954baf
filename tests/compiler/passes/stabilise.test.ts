import { stabilise } from "../../../compiler/passes/stabilise.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("stabilise.sigir", import.meta.url), stabilise);
