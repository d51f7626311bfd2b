import type { Sentences } from './sentences.ts';

/** Where a build comes from, and whether its bytes are what its task signed. */
export const trust = {
  // Trust 1: the queue's status
  'not-completed': {
    says: 'Task {task} run {run} is {state}, not completed.',
    next: 'Wait for it, rerun it, or give another build.',
  },
  'no-run': { says: 'Task {task} has never run.', next: 'Wait for it or give another build.' },
  'not-latest-run': {
    says: 'Run {run} of task {task} is not its latest run ({latest}).',
    next: 'Give the task again to look at its latest run.',
  },
  'task-expired': {
    says: 'Task {task} expired on {expires}.',
    next: 'Build the image again and give the new task.',
  },
  'status-mismatch': {
    says: 'Taskcluster’s status and definition of task {task} disagree about {field}.',
    next: 'Do not promote it; ask the Taskcluster team.',
  },

  // Trust 2: the definition
  'wrong-worker-pool': {
    says: 'Task {task} ran in worker pool {got}, not in {want}.',
    next: 'Only a level-3 build can be promoted: give one that ran on the main repository.',
  },
  'wrong-scheduler': {
    says: 'Task {task} belongs to scheduler {got}, not to {want}.',
    next: 'Only a level-3 build can be promoted: give one that ran on the main repository.',
  },
  'wrong-label': {
    says: 'Task {task} is labelled {got}, not {want}.',
    next: 'Give the task that builds this image.',
  },
  'wrong-image-name': {
    says: 'Task {task} builds the image {got}, not {want}.',
    next: 'Give the task that builds this image.',
  },
  'wrong-repository': {
    says: 'Task {task} was built from {got}, not from {want}.',
    next: 'Give a build of the configured repository.',
  },
  'wrong-project': {
    says: 'Task {task} was built for project {got}, not {want}.',
    next: 'Give a build of the configured project.',
  },
  'wrong-role': {
    says: 'Task {task} may act for `{got}`, not for `{want}` alone.',
    next: 'Give a build of the configured repository and branch.',
  },
  'wrong-group': {
    says: 'Task {task} belongs to task group {got}, not to {want}.',
    next: 'Do not promote it; give a build that its own decision task created.',
  },
  'wrong-commit': {
    says: 'Task {task} works on commit {got}, its build on {want}.',
    next: 'Do not promote it; give a build that its own decision task created.',
  },
  'wrong-branch': {
    says: 'Task {task} works on branch {got}, not on {want}.',
    next: 'Give a build of the configured branch.',
  },
  'bad-revision': { says: 'Task {task} names no full commit: {got}.', next: 'Give another build.' },
  'pull-request': {
    says: 'Task {task} comes from a pull request ({sign}).',
    next: 'Give a build of the merged commit.',
  },
  interactive: {
    says: 'Task {task} was interactive ({sign}): anyone could have changed it while it ran.',
    next: 'Give another build.',
  },
  'no-chain-of-trust-feature': {
    says: 'Task {task} ran without the chainOfTrust feature.',
    next: 'Give a build that has it.',
  },
  'no-level-3-route': {
    says: 'Task {task} does not have the level-3 cache route {want}…',
    next: 'Only a level-3 build can be promoted: give one that ran on the main repository.',
  },
  'bad-definition': {
    says: 'The definition of task {task} is not a docker-image task’s: {problem}.',
    next: 'Give the task that builds this image.',
  },

  // Trust 3: the chain of trust
  'no-chain-of-trust': {
    says: 'Run {run} of task {task} has no {artifact}.',
    next: 'Without it nothing proves where the build comes from: give another build.',
  },
  'bad-signature': {
    says: 'The chain of trust of task {task} is not signed by a configured key.',
    next: 'Do not promote it. If Taskcluster’s key has changed, add the new one to `chainOfTrustKeys`.',
  },
  'key-expired': {
    says: 'The key that signed the chain of trust of task {task} was valid until {until}; the task ran at {ran}.',
    next: 'Give a newer build.',
  },
  'bad-certificate': {
    says: 'The chain of trust of task {task} cannot be read: {problem}.',
    next: 'Do not promote it; ask the Taskcluster team.',
  },
  'certificate-mismatch': {
    says: 'The chain of trust of task {task} is about another {field}: {got}, not {want}.',
    next: 'Do not promote it; ask the Taskcluster team.',
  },
  'definition-mismatch': {
    says: 'The signed definition of task {task} differs from the queue’s in {field}.',
    next: 'Do not promote it; ask the Taskcluster team.',
  },
  'artifact-not-signed': {
    says: 'The chain of trust of task {task} has no sha256 for {artifact}.',
    next: 'Nothing proves what the artifact holds: give another build.',
  },
  'not-in-graph': {
    says: 'The signed task graph of task {decision} does not hold task {task}{problem}.',
    next: 'Do not promote it; give a build that its decision task created.',
  },

  // Trust 4: the artifact and its download
  'artifact-missing': {
    says: 'Run {run} of task {task} has no {artifact}.',
    next: 'It may have expired: build the image again.',
  },
  'artifact-expired': {
    says: '{artifact} of task {task} expired on {expires}.',
    next: 'Build the image again and give the new task.',
  },
  'artifact-storage': {
    says: '{artifact} of task {task} is stored as “{storage}”, not as s3 or object.',
    next: 'The task could choose such bytes itself: give another build.',
  },
  'artifact-error': {
    says: '{artifact} of task {task} was not stored by its worker: {problem}.',
    next: 'Build the image again and give the new task.',
  },
  'artifact-host': {
    says: 'Taskcluster sent the download of {artifact} to {host}: {problem}.',
    next: 'Do not promote it; ask the Taskcluster team.',
  },
  'artifact-too-large': {
    says: '{artifact} of task {task} is larger than {limit}.',
    next: 'Raise the limit in the configuration if the image is meant to be that large.',
  },
  'artifact-length': {
    says: '{artifact} of task {task} has {got} bytes, not the {want} announced.',
    next: 'Try again; if it stays so, build the image again.',
  },
  'artifact-hash': {
    says: 'The bytes of {artifact} of task {task} do not have the signed sha256.',
    next: 'Do not promote it: what is stored is not what the task built.',
  },
  'artifact-encoding': {
    says: '{artifact} of task {task} came with content-encoding {encoding}.',
    next: 'Build the image again.',
  },
  'download-stalled': {
    says: 'The download of {artifact} stopped for {seconds} s.',
    next: 'Try again.',
  },
  'download-timeout': {
    says: 'The download of {artifact} took longer than {seconds} s.',
    next: 'Try again.',
  },
  'download-too-slow': {
    says: 'The download of {artifact} gave less than {rate} over a minute.',
    next: 'Try again.',
  },
  'taskcluster-unreachable': {
    says: 'Taskcluster did not answer {what}: {problem}.',
    next: 'Try again in a few minutes.',
  },
  'missing-scope': {
    says: 'Taskcluster does not allow {what} ({code}): `{scope}`.',
    next: 'Ask the Taskcluster team to give the anonymous role this scope; docs/operations.md lists all that are needed.',
  },
  'taskcluster-nonsense': {
    says: 'Taskcluster’s answer to {what} cannot be used: {problem}.',
    next: 'Try again; if it stays so, ask the Taskcluster team.',
  },

  // Trust 5: the archive
  'archive-zstd': {
    says: 'The archive is not sound zstd: {problem}.',
    next: 'Build the image again.',
  },
  'archive-too-large': {
    says: 'The archive unpacks to more than {limit}.',
    next: 'Raise the limit in the configuration if the image is meant to be that large.',
  },
  'archive-too-slow': {
    says: 'Reading the archive took more than {seconds} s of a processor, which no real image does.',
    next: 'Look at what the task has built; an operator may raise `limits.processor`.',
  },
  'archive-ratio': {
    says: 'The archive unpacks to more than {limit} times its size.',
    next: 'Do not promote it: images do not compress like that.',
  },
  'archive-tar': {
    says: 'The archive is not a sound tar: {problem}.',
    next: 'Build the image again.',
  },
  'archive-entry': {
    says: 'The archive holds an entry that no image has: {entry} ({problem}).',
    next: 'Do not promote it; look at how it was built.',
  },
  'archive-manifest': {
    says: 'The archive’s manifest cannot be used: {problem}.',
    next: 'Build the image again.',
  },
  'archive-config': {
    says: 'The archive’s image config cannot be used: {problem}.',
    next: 'Build the image again.',
  },
  'archive-layer': {
    says: 'Layer {layer} of the archive {problem}.',
    next: 'Do not promote it: the image is not what its config says.',
  },
} as const satisfies Sentences;
