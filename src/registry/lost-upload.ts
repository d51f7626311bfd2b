import type { Refusal } from '../domain/errors.ts';

/** Bytes that the registry does not have are no longer at hand: the push must start over. */
export class LostUpload extends Error {
  override readonly name = 'LostUpload';
  readonly refusal: Refusal;
  readonly because: 'bytes-lost' | 'chunks-refused';

  constructor(refusal: Refusal, because: LostUpload['because']) {
    super(refusal.reason);
    this.refusal = refusal;
    this.because = because;
  }
}
