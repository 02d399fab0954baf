import { diagonalsToLeaves } from "../../../compiler/passes/diagonals-to-leaves.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("diagonals-to-leaves.sigir", import.meta.url), diagonalsToLeaves);
