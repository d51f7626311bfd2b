/**
 * What is known of each reason: `says` is the sentence that people read, `next` the next move. `{…}` are facts that
 * whoever refuses must give, but for those that `usually` has already.
 */
export type Sentences = Readonly<Record<string, Sentence>>;

export interface Sentence {
  readonly says: string;
  readonly next: string;
  readonly usually?: Readonly<Record<string, string>>;
  /**
   * Whether the same promotion may work out another time under the same approval: the world is broken, not different.
   * Whatever says that the image, the build or the tag is not the approved one is final.
   */
  readonly retry: boolean;
}
