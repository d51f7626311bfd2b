import type { State } from '../../../../src/domain/states.ts';
import type { Wish } from './wish.ts';

/** How one request of a wish ends, and how others of the same may. A push that is stopped may have been quicker. */
export const outcomes: Readonly<
  Record<Wish['fate'], { readonly ends: readonly State[]; readonly others: readonly State[] }>
> = {
  approve: { ends: ['reported'], others: ['unneeded', 'refused'] },
  reject: { ends: ['rejected'], others: ['rejected', 'refused'] },
  withdraw: { ends: ['withdrawn'], others: ['withdrawn', 'refused'] },
  stop: {
    ends: ['withdrawn', 'reported'],
    others: ['withdrawn', 'reported', 'unneeded', 'refused'],
  },
};

/** What every promotion does before people see a plan. */
export const begun = ['asked', 'build-proven'];
const pushed = ['planned', 'approved', 'pushing', 'tagging', 'promoted', 'reported'];
/** Every way that a promotion may go where nothing outside is broken. */
export const paths = [
  [...begun, ...pushed],
  [...begun, 'planned', 'rejected'],
  [...begun, 'planned', 'withdrawn'],
  [...begun, 'planned', 'approved', 'withdrawn'],
  [...begun, 'planned', 'approved', 'pushing', 'withdrawn'],
  [...begun, 'withdrawn'],
  [...begun, 'unneeded'],
  [...begun, 'refused:target-busy', 'target-free'],
].map((path) => path.join(' → '));
