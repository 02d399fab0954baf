import { openEngine } from "../../runtime/engines/registry.js";
import { UserError } from "../../runtime/user-error.js";

/** Why the native engine is not here, for a skip; null where it is. Only a missing compiler is a reason: what is there and broken throws. */
export const whyNoNative = (): Promise<string | null> =>
  openEngine("native", "f32", () => undefined).then(
    () => null,
    (error: unknown) => {
      if (error instanceof UserError && error.code === "SIG6501") return error.message;
      throw error;
    },
  );
