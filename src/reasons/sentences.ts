/**
 * What people read of each reason: `says` is the sentence, `next` the next move. `{…}` are facts that whoever refuses
 * must give.
 */
export type Sentences = Readonly<Record<string, { readonly says: string; readonly next: string }>>;
