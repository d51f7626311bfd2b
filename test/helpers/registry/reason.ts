import { isRefusal, PromotionError } from '../../../src/domain/errors.ts';

/** The reason for which `work` failed; the outcome itself where it did not. */
export async function reasonOf(work: Promise<unknown>): Promise<unknown> {
  try {
    const outcome = await work;
    return isRefusal(outcome) ? outcome.reason : outcome;
  } catch (error) {
    if (error instanceof PromotionError) return error.reason;
    throw error;
  }
}
