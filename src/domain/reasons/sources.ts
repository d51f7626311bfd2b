import type { Sentences } from './sentences.ts';

/** Source trees and what is done in them. */
export const sources = {
  'tree-unreachable': {
    says: 'The source tree {source} cannot be read: {problem}.',
    next: 'Check the address and the network, then try again.',
    retry: true,
  },
  'tree-file-missing': {
    says: '{source} has no file {path} at {revision}.',
    next: 'Correct `files` or `path` in the configuration.',
    retry: true,
  },
  'tree-file-strange': {
    says: '{path} of {source} is {what} at {revision}, and only files can be changed.',
    next: 'List the file itself in `files` or `path` of the configuration.',
    retry: true,
  },
  'pin-not-understood': {
    says: '{path} line {line} names {name} in a form that I do not understand.',
    next: 'Update this pin by hand.',
    retry: false,
  },
  'no-pins': {
    says: '{source} pins this image nowhere.',
    next: 'Correct `pins` in the configuration, or ignore this where it is new.',
    retry: false,
  },
  'patch-failed': {
    says: 'git could not make the patch for {source}: {problem}.',
    next: 'Update the pins by hand with the digest above.',
    retry: false,
  },
  'repin-unconfigured': {
    says: 'The configuration has no re-pin command for {image}.',
    next: 'Add `repin` to the image, or run the command by hand.',
    retry: false,
  },
  'bad-reference': {
    says: '“{ref}” is neither {branch}, the configured branch, nor a full commit of it.',
    next: 'Try `{example}`.',
    retry: false,
  },
  'not-on-branch': {
    says: '{commit} is no commit of {branch} in {source}: whatever else holds it, such as a pull request, nobody has reviewed there.',
    next: 'Land it first, or re-pin the tip of {branch}.',
    retry: false,
  },
  'repin-queue-full': {
    says: '{count} re-pins wait already, and they run one at a time.',
    next: 'Try again when one has ended.',
    retry: false,
  },
  'repin-interrupted': {
    says: 'The bot was stopped while it re-pinned {image}; nothing came of it.',
    next: 'Run it again: `{example}`.',
    retry: false,
  },
  'repin-failed': {
    says: 'The re-pin command of {image} failed: {problem}.',
    next: 'Run it by hand to see why.',
    retry: false,
  },
} as const satisfies Sentences;
