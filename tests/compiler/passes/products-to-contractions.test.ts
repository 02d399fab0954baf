import { productsToContractions } from "../../../compiler/passes/products-to-contractions.js";
import { sigirCases } from "../../support/sigir-cases.js";

sigirCases(new URL("products-to-contractions.sigir", import.meta.url), productsToContractions);
