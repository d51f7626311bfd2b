import type { Sentences } from './sentences.ts';

/** Where a build comes from. */
export const trust = {
  // Trust 1: the queue's status
  'not-completed': {
    says: 'Task {task} run {run} is {state}, not completed.',
    next: 'Wait for it, rerun it, or give another build.',
    retry: false,
  },
  'no-run': {
    says: 'Task {task} has never run.',
    next: 'Wait for it or give another build.',
    retry: false,
  },
  'task-expired': {
    says: 'Task {task} expired on {expires}.',
    next: 'Build the image again and give the new task.',
    retry: false,
  },
  'status-mismatch': {
    says: 'Taskcluster’s status and definition of task {task} disagree about {field}.',
    next: 'Do not promote it; ask the Taskcluster team.',
    retry: false,
  },

  // Trust 2: the definition
  'wrong-worker-pool': {
    says: 'Task {task} ran in worker pool {got}, not in {want}.',
    next: 'Only a level-3 build can be promoted: give one that ran on the main repository.',
    retry: false,
  },
  'wrong-scheduler': {
    says: 'Task {task} belongs to scheduler {got}, not to {want}.',
    next: 'Only a level-3 build can be promoted: give one that ran on the main repository.',
    retry: false,
  },
  'wrong-label': {
    says: 'Task {task} is labelled {got}, not {want}.',
    next: 'Give the task that builds this image.',
    retry: false,
  },
  'wrong-image-name': {
    says: 'Task {task} builds the image {got}, not {want}.',
    next: 'Give the task that builds this image.',
    retry: false,
  },
  'wrong-repository': {
    says: 'Task {task} was built from {got}, not from {want}.',
    next: 'Give a build of the configured repository.',
    retry: false,
  },
  'wrong-project': {
    says: 'Task {task} was built for project {got}, not {want}.',
    next: 'Give a build of the configured project.',
    retry: false,
  },
  'wrong-role': {
    says: 'Task {task} may act for `{got}`, not for `{want}` alone.',
    next: 'Give a build of the configured repository and branch.',
    retry: false,
  },
  'wrong-group': {
    says: 'Task {task} belongs to task group {got}, not to {want}.',
    next: 'Do not promote it; give a build that its own decision task created.',
    retry: false,
  },
  'wrong-commit': {
    says: 'Task {task} works on commit {got}, its build on {want}.',
    next: 'Do not promote it; give a build that its own decision task created.',
    retry: false,
  },
  'wrong-branch': {
    says: 'Task {task} works on branch {got}, not on {want}.',
    next: 'Give a build of the configured branch.',
    retry: false,
  },
  'bad-revision': {
    says: 'Task {task} names no full commit: {got}.',
    next: 'Give another build.',
    retry: false,
  },
  'release-tag': {
    says: 'Task {task} names the tag {tag} of a release, and nothing that is signed says which commit that is.',
    next: 'Give the build of the commit that was released, made when it was pushed to its branch.',
    retry: false,
  },
  'pull-request': {
    says: 'Task {task} comes from a pull request ({sign}).',
    next: 'Give a build of the merged commit.',
    retry: false,
  },
  interactive: {
    says: 'Task {task} was interactive ({sign}): anyone could have changed it while it ran.',
    next: 'Give another build.',
    retry: false,
  },
  'no-chain-of-trust-feature': {
    says: 'Task {task} ran without the chainOfTrust feature.',
    next: 'Give a build that has it.',
    retry: false,
  },
  'no-level-3-route': {
    says: 'Task {task} does not have the level-3 cache route {want}…',
    next: 'Only a level-3 build can be promoted: give one that ran on the main repository.',
    retry: false,
  },
  'bad-definition': {
    says: 'The definition of task {task} is not a docker-image task’s: {problem}.',
    next: 'Give the task that builds this image.',
    retry: false,
  },

  // Trust 3: the chain of trust
  'no-chain-of-trust': {
    says: 'Run {run} of task {task} has no {artifact}.',
    next: 'Without it nothing proves where the build comes from: give another build.',
    retry: false,
  },
  'bad-signature': {
    says: 'The chain of trust of task {task} is not signed by a configured key.',
    next: 'Do not promote it. If Taskcluster’s key has changed, add the new one to `chainOfTrustKeys`.',
    retry: false,
  },
  'key-expired': {
    says: 'The key that signed the chain of trust of task {task} was valid until {until}; the task ran at {ran}.',
    next: 'Give a newer build.',
    retry: false,
  },
  'bad-certificate': {
    says: 'The chain of trust of task {task} cannot be read: {problem}.',
    next: 'Do not promote it; ask the Taskcluster team.',
    retry: false,
  },
  'unknown-key': {
    says: 'Taskcluster says something of task {task} that this program does not know: {key}.',
    next: 'Ask the Taskcluster team; where it is theirs and proves nothing, an operator adds it to `taskcluster.allowedKeys.{setting}` in the configuration.',
    retry: false,
  },
  'certificate-mismatch': {
    says: 'The chain of trust of task {task} is about another {field}: {got}, not {want}.',
    next: 'Do not promote it; ask the Taskcluster team.',
    retry: false,
  },
  'definition-mismatch': {
    says: 'The signed definition of task {task} differs from the queue’s in {field}.',
    next: 'Do not promote it; ask the Taskcluster team.',
    retry: false,
  },
  'artifact-not-signed': {
    says: 'The chain of trust of task {task} has no sha256 for {artifact}.',
    next: 'Nothing proves what the artifact holds: give another build.',
    retry: false,
  },
  'not-in-graph': {
    says: 'The signed task graph of task {decision} does not hold task {task}{problem}.',
    next: 'Do not promote it; give a build that its decision task created.',
    retry: false,
  },
} as const satisfies Sentences;
