import type { Sentences } from './sentences.ts';

/** Who may decide what, and what is no longer as it was decided. */
export const approval = {
  // Approval
  'same-person': {
    says: 'You asked for this promotion, so a second person must approve it.',
    next: 'Ask another approver.',
    retry: false,
  },
  'same-human': {
    says: 'Your account belongs to the person who asked, so somebody else must approve it.',
    next: 'Ask another approver.',
    retry: false,
  },
  'not-an-approver': {
    says: 'You are not among the approvers.',
    next: 'Ask an approver, or have yourself added to the configuration.',
    retry: false,
  },
  'not-a-member': {
    says: 'Your account cannot do this: it is {kind}.',
    next: 'Ask a full member of this workspace.',
    retry: false,
  },
  'group-unknown': {
    says: 'Slack does not say who is in the approvers’ group: {problem}.',
    next: 'Try again; nobody is an approver until it answers.',
    retry: true,
  },
  'requester-unfit': {
    says: 'Whoever asked for this is no full member of this workspace any more: the account is {kind}.',
    next: 'Reject it; whoever still needs it asks again.',
    retry: false,
  },
  'no-mailbox': {
    says: 'Slack gives no e-mail address of {who}, so nobody can tell that a second person approves.',
    next: 'An operator must see to the scope `users:read.email`, or to that account.',
    retry: false,
  },
  'alias-unknown': {
    says: 'Slack does not say who {who} is, whom the configuration names under `approval.people`: {problem}.',
    next: 'Try again; where there is no such account, an operator must correct the configuration.',
    retry: true,
  },
  'person-unknown': {
    says: 'Slack does not say who you are: {problem}.',
    next: 'Try again.',
    retry: true,
  },
  'already-approved-by-you': {
    says: 'You have approved this already.',
    next: 'Another approver is needed.',
    retry: false,
  },
  'already-decided': {
    says: 'This promotion is {state} already.',
    next: 'Nothing more to do here.',
    retry: false,
  },
  'another-plan': {
    says: 'This button belongs to another plan than the one now proposed.',
    next: 'Look at the card as it is now and decide on that.',
    retry: false,
  },
  'approval-expired': {
    says: 'This request expired on {expires}.',
    next: 'Ask again to get a fresh plan.',
    retry: false,
  },
  'not-yours': { says: 'Only {who} may do this.', next: 'Ask them.', retry: false },
  'not-retryable': {
    says: 'This promotion cannot be retried: it is {state}.',
    next: 'Ask again to get a fresh plan.',
    retry: false,
  },
  'tag-begun': {
    says: 'The tag is being put, or may be there already: this cannot be taken back any more.',
    next: 'Wait for its end.',
    retry: false,
  },
  'wrong-place': {
    says: 'This works only in {channel} of our own workspace.',
    next: 'Go there and try again.',
    retry: false,
  },
  'foreign-workspace': {
    says: 'You belong to another workspace.',
    next: 'Ask a member of ours.',
    retry: false,
  },

  // What changed between the approval and the push
  'changed-run': {
    says: 'The task was rerun after the plan was made: run {got} now, {want} then.',
    next: 'Ask again to get a plan for the new run.',
    retry: false,
  },
  'changed-status': {
    says: 'The task is {got} now; it was {want} when the plan was made.',
    next: 'Ask again.',
    retry: false,
  },
  'changed-definition': {
    says: 'The task’s definition changed after the plan was made.',
    next: 'Do not promote it; ask the Taskcluster team.',
    retry: false,
  },
  'changed-certificate': {
    says: 'The chain of trust changed after the plan was made.',
    next: 'Do not promote it; ask the Taskcluster team.',
    retry: false,
  },
  'changed-artifact': {
    says: 'The artifact’s bytes changed after the plan was made ({problem}).',
    next: 'Do not promote it: what is stored is not what was approved.',
    retry: false,
  },
  'changed-image': {
    says: 'The artifact unpacks to another image than was approved: {got}, not {want}.',
    next: 'Do not promote it.',
    retry: false,
  },
  'changed-tag': {
    says: 'The tag was taken meanwhile: {target} now holds {digest}.',
    next: 'Look at who published it; ask again with another tag.',
    retry: false,
  },
  'changed-pins': {
    says: 'The pins changed meanwhile in {source}: {problem}.',
    next: 'Ask again to get a plan on today’s tree.',
    retry: false,
  },
  'changed-policy': {
    says: 'The configuration changed after the plan was made: {problem}.',
    next: 'Ask again to get a plan under today’s rules.',
    retry: false,
  },
  'changed-approver': {
    says: '{who}, who approved this, may not approve any more: {problem}.',
    next: 'Ask again.',
    retry: false,
  },
  'changed-requester': {
    says: '{who}, who asked for this, is no full member of this workspace any more: the account is {problem}.',
    next: 'Whoever still needs it asks again.',
    retry: false,
  },
  'log-disagrees': {
    says: 'The audit log does not say what the database says of this promotion: {problem}.',
    next: 'Nothing was decrypted. Somebody may have changed the database: an operator must run `audit verify`.',
    retry: false,
  },
  'changed-plan': {
    says: 'The plan changed after it was approved: {problem}.',
    next: 'Ask again.',
    retry: false,
  },
} as const satisfies Sentences;
