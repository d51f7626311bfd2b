/** What somebody wants of one build, and how it went with the asking. */
export interface Wish {
  readonly image: string;
  readonly taskId: string;
  /** What the others will make of it. */
  readonly fate: 'approve' | 'reject' | 'withdraw' | 'stop';
  /** How often the line was typed, and how often Slack took it. */
  asked: number;
  acknowledged: number;
}
