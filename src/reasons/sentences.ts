/**
 * What people read of each reason: `says` is the sentence, `next` the next move. `{…}` are facts that whoever refuses
 * must give, but for those that `usually` has already.
 */
export type Sentences = Readonly<Record<string, Sentence>>;

export interface Sentence {
  readonly says: string;
  readonly next: string;
  readonly usually?: Readonly<Record<string, string>>;
}
