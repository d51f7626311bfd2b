import type { Sentences } from './sentences.ts';

/** Source trees and what is done in them. */
export const sources = {
  'tree-unreachable': {
    says: 'The source tree {source} cannot be read: {problem}.',
    next: 'Check the address and the network, then try again.',
  },
  'tree-file-missing': {
    says: '{source} has no file {path} at {revision}.',
    next: 'Correct `files` or `path` in the configuration.',
  },
  'pin-not-understood': {
    says: '{path} line {line} names {name} in a form that I do not understand.',
    next: 'Update this pin by hand.',
  },
  'no-pins': {
    says: '{source} pins this image nowhere.',
    next: 'Correct `pins` in the configuration, or ignore this where it is new.',
  },
  'patch-failed': {
    says: 'git could not make the patch for {source}: {problem}.',
    next: 'Update the pins by hand with the digest above.',
  },
  'repin-unconfigured': {
    says: 'The configuration has no re-pin command for {image}.',
    next: 'Add `repin` to the image, or run the command by hand.',
  },
  'bad-reference': {
    says: '“{ref}” is neither {branch}, the configured branch, nor a full commit of it.',
    next: 'Try `{example}`.',
  },
  'not-on-branch': {
    says: '{commit} is no commit of {branch} in {source}: whatever else holds it, such as a pull request, nobody has reviewed there.',
    next: 'Land it first, or re-pin the tip of {branch}.',
  },
  'repin-queue-full': {
    says: '{count} re-pins wait already, and they run one at a time.',
    next: 'Try again when one has ended.',
  },
  'repin-interrupted': {
    says: 'The bot was stopped while it re-pinned {image}; nothing came of it.',
    next: 'Run it again: `{example}`.',
  },
  'repin-failed': {
    says: 'The re-pin command of {image} failed: {problem}.',
    next: 'Run it by hand to see why.',
  },
} as const satisfies Sentences;
