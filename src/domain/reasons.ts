import { approval } from './reasons/approval.ts';
import { artifact } from './reasons/artifact.ts';
import { publishing } from './reasons/publishing.ts';
import { request } from './reasons/request.ts';
import { service } from './reasons/service.ts';
import { sources } from './reasons/sources.ts';
import { trust } from './reasons/trust.ts';

/**
 * Every reason for which something is refused or fails: a closed list, used by Slack, log, audit and tests alike.
 * Facts are untrusted text: `mrkdwn.ts` makes them inert for Slack.
 */
export const reasons = {
  ...request,
  ...trust,
  ...artifact,
  ...publishing,
  ...sources,
  ...approval,
  ...service,
};

export type Reason = keyof typeof reasons;

type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

/** Facts that a reason has already. */
type Usual<R extends Reason> = R extends Reason
  ? (typeof reasons)[R] extends { readonly usually: infer Given }
    ? keyof Given & string
    : never
  : never;

/** The facts that the sentences of a reason need, all as text. */
export type Facts<R extends Reason> = {
  readonly [Name in Exclude<Placeholder<(typeof reasons)[R]['says' | 'next']>, Usual<R>>]: string;
} & { readonly [Name in Usual<R>]?: string };
