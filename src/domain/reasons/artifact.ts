import type { Sentences } from './sentences.ts';

/** Whether the bytes of a build are what its task signed, and an image. */
export const artifact = {
  // Trust 4: the artifact and its download
  'artifact-missing': {
    says: 'Run {run} of task {task} has no {artifact}.',
    next: 'It may have expired: build the image again.',
    retry: false,
  },
  'artifact-expired': {
    says: '{artifact} of task {task} expired on {expires}.',
    next: 'Build the image again and give the new task.',
    retry: false,
  },
  'artifact-storage': {
    says: '{artifact} of task {task} is stored as “{storage}”, not as s3 or object.',
    next: 'The task could choose such bytes itself: give another build.',
    retry: false,
  },
  'artifact-error': {
    says: '{artifact} of task {task} was not stored by its worker: {problem}.',
    next: 'Build the image again and give the new task.',
    retry: false,
  },
  'artifact-host': {
    says: 'Taskcluster sent the download of {artifact} to {host}: {problem}.',
    next: 'Do not promote it; ask the Taskcluster team.',
    retry: false,
  },
  'artifact-too-large': {
    says: '{artifact} of task {task} is larger than {limit}.',
    next: 'Raise the limit in the configuration if the image is meant to be that large.',
    retry: false,
  },
  'artifact-length': {
    says: '{artifact} of task {task} has {got} bytes, not the {want} announced.',
    next: 'Try again; if it stays so, build the image again.',
    retry: true,
  },
  'artifact-hash': {
    says: 'The bytes of {artifact} of task {task} do not have the signed sha256.',
    next: 'Do not promote it: what is stored is not what the task built.',
    retry: false,
  },
  'artifact-encoding': {
    says: '{artifact} of task {task} came with content-encoding {encoding}.',
    next: 'Build the image again.',
    retry: false,
  },
  'download-stalled': {
    says: 'The download of {artifact} stopped for {seconds} s.',
    next: 'Try again.',
    retry: true,
  },
  'download-timeout': {
    says: 'The download of {artifact} took longer than {seconds} s.',
    next: 'Try again.',
    retry: true,
  },
  'download-too-slow': {
    says: 'The download of {artifact} gave less than {rate} over a minute.',
    next: 'Try again.',
    retry: true,
  },
  'taskcluster-unreachable': {
    says: 'Taskcluster did not answer {what}: {problem}.',
    next: 'Try again in a few minutes.',
    retry: true,
  },
  'taskcluster-credentials': {
    says: 'Taskcluster does not take the bot’s credentials for {what} ({problem}).',
    next: 'An operator must check TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN, and whether they have expired.',
    retry: true,
  },
  'missing-scope': {
    says: 'Taskcluster does not allow {what} ({code}): `{scope}`.',
    next: 'Ask the Taskcluster team to give this scope to the anonymous role, or to the bot’s TASKCLUSTER_CLIENT_ID; docs/operations.md lists all that are needed.',
    retry: true,
  },
  'taskcluster-nonsense': {
    says: 'Taskcluster’s answer to {what} cannot be used: {problem}.',
    next: 'Try again; if it stays so, ask the Taskcluster team.',
    retry: true,
  },

  // Trust 5: the archive
  'archive-zstd': {
    says: 'The archive is not sound zstd: {problem}.',
    next: 'Build the image again.',
    retry: false,
  },
  'archive-too-large': {
    says: 'The archive unpacks to more than {limit}.',
    next: 'Raise the limit in the configuration if the image is meant to be that large.',
    retry: false,
  },
  'archive-too-slow': {
    says: 'Reading the archive took more than {seconds} s of a processor, which no real image does.',
    next: 'Look at what the task has built; an operator may raise `limits.processor`.',
    retry: false,
  },
  'archive-ratio': {
    says: 'The archive unpacks to more than {limit} times its size.',
    next: 'Do not promote it: images do not compress like that.',
    retry: false,
  },
  'archive-tar': {
    says: 'The archive is not a sound tar: {problem}.',
    next: 'Build the image again.',
    retry: false,
  },
  'archive-entry': {
    says: 'The archive holds an entry that no image has: {entry} ({problem}).',
    next: 'Do not promote it; look at how it was built.',
    retry: false,
  },
  'archive-manifest': {
    says: 'The archive’s manifest cannot be used: {problem}.',
    next: 'Build the image again.',
    retry: false,
  },
  'archive-config': {
    says: 'The archive’s image config cannot be used: {problem}.',
    next: 'Build the image again.',
    retry: false,
  },
  'archive-layer': {
    says: 'Layer {layer} of the archive {problem}.',
    next: 'Do not promote it: the image is not what its config says.',
    retry: false,
  },
} as const satisfies Sentences;
