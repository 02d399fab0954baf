import { BrokenSample } from "../../../runtime/samples/open-samples.js";
import { UserError } from "../../../runtime/user-error.js";

async function caught(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
}

export async function brokenBy(act: () => unknown): Promise<BrokenSample> {
  const error = await caught(act);
  if (error instanceof BrokenSample) return error;
  throw error;
}

export async function refusedBy(act: () => unknown): Promise<UserError> {
  const error = await caught(act);
  if (error instanceof UserError) return error;
  throw error;
}
