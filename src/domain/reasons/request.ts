import type { Sentences } from './sentences.ts';

/** What was asked for: the line that was typed, and the build that it means. */
export const request = {
  // The command line
  'unknown-command': {
    says: 'I do not understand “{text}”.',
    next: 'Try `{example}`, or `help`.',
    retry: false,
  },
  'unknown-image': {
    says: 'There is no image “{image}”.',
    next: 'The images are: {known}. For example `{example}`.',
    retry: false,
  },
  'check-only': {
    says: '{image} is published by releases of its repository, and I only compare its pins with them.',
    next: 'Type `{example}` to see them.',
    retry: false,
  },
  'bad-build': {
    says: '“{build}” is not a build: I take a full commit (40 hex digits), a task id, `latest`, or a link to a task, commit or push.',
    next: 'Try `{example}`.',
    retry: false,
  },
  'bad-tag': {
    says: '“{tag}” cannot be a tag: {problem}.',
    next: 'Try `{example}`.',
    retry: false,
  },
  'stray-words': {
    says: 'I do not know what “{words}” is in this line: behind the build stand `tag X`, `bug N` and, last, `because …`.',
    next: 'Try `{example}`.',
    retry: false,
  },
  'tag-unsaid': {
    says: '“{word}” is no part of this line: a tag is given as `tag X`.',
    next: 'Try `{tagged}`, or without a tag of your own `{example}`.',
    retry: false,
  },
  'unknown-promotion': {
    says: 'There is no promotion “{id}”.',
    next: '`/promote-image status` lists what is under way.',
    retry: false,
  },
  'too-many-of-yours': {
    says: '{count} requests of yours are under way already, which is as many as one person may have.',
    next: 'Wait until one has ended, or take one back: `/promote-image status` lists them.',
    retry: false,
  },
  'too-many-requests': {
    says: '{count} requests are under way already, which is as many as I take on at once.',
    next: 'Try again when some have ended: `/promote-image status` lists them.',
    retry: false,
  },
  'too-often': {
    says: 'Within {time} one person may ask {count} times, and you have.',
    next: 'Try again in {seconds} s.',
    retry: false,
  },

  // Finding the build
  'unknown-commit': {
    says: 'Taskcluster knows no decision task for commit {revision} of {project}.',
    next: 'Only the tip of a push has one: give the tip, the image task’s id, or `latest`.',
    retry: false,
  },
  'no-image-task': {
    says: 'The push of {revision} has no task {label}.',
    next: 'Give the id of the task that built the image, or `latest`.',
    retry: false,
  },
  'no-label-map': {
    says: 'Decision task {decision} of commit {revision} has no {artifact}.',
    next: 'It failed, is still running, or is too old: wait for it, or give the id of the task that built the image.',
    retry: false,
  },
  'no-latest': {
    says: 'The index has no level-3 build at {route}.',
    next: 'Give a commit or a task id.',
    retry: false,
  },
  'unknown-task': {
    says: 'Taskcluster has no task {task}.',
    next: 'Check the id; tasks are dropped when they expire.',
    retry: false,
  },
  'bad-link': {
    says: 'The link {link} does not lead to a build: {problem}.',
    next: 'Give a commit or a task id.',
    retry: false,
  },
} as const satisfies Sentences;
