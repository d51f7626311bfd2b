/** Told of everything that passes an edge of the process. */
export type Pass = (when: 'before' | 'after', effect: string) => void;
