import type { Revision, TaskId } from './reference.ts';

/** Which build is asked for. A link has become one of these before. */
export type BuildAsk =
  | { readonly by: 'revision'; readonly revision: Revision }
  | { readonly by: 'task'; readonly taskId: TaskId }
  | { readonly by: 'latest' };

/** What a person asked for, as typed: `<image> <build> [tag X] [bug N] [because …]`. */
export interface Ask {
  readonly image: string;
  readonly build: BuildAsk;
  readonly tag?: string | undefined;
  readonly bug?: number | undefined;
  readonly because?: string | undefined;
}
