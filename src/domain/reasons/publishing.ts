import type { Sentences } from './sentences.ts';

/** Of the registry's own words, where there are none. */
const unsaid = { said: '' };
/** Of a tag that is set although something failed behind it. */
const unset = { set: '' };

/** What stands in the way to the registry: tag, registry, Docker engine, credentials. */
export const publishing = {
  // The tag
  'tag-taken': {
    says: '{target} already holds {what} ({digest}); a published tag is never overwritten.',
    next: '{advice}.',
    retry: false,
    usually: {
      what: 'another image',
      advice: 'Give another tag, or build a new version',
      // Only where it is an impostor.
      problem: '',
    },
  },
  'tag-immutable': {
    says: 'The registry lets nobody put {target}: it calls the tag immutable ({status}{said}).',
    next: 'Give another tag, or have that rule of the registry changed and ask again.',
    retry: false,
    usually: unsaid,
  },
  'version-not-bumped': {
    says: '{target} already holds another image ({digest}): {path} was not bumped for this build.',
    next: 'Bump {path}, land it, and promote the build of that commit.',
    retry: false,
  },
  'no-version': {
    says: '{path} at {revision} of {repository} is no version to tag with: {problem}.',
    next: 'Give the tag yourself, as `tag X` behind the build.',
    retry: false,
  },
  'target-busy': {
    says: '{target} is being promoted already: {holder}.',
    next: 'You will be told here when it is free.',
    retry: false,
  },

  // The registry
  'registry-credentials': {
    says: 'The registry refused the credentials for {target} ({status}{said}).',
    next: 'They may have been rotated: an operator must update the sops file, then press Retry.',
    retry: true,
    usually: unsaid,
  },
  'registry-denied': {
    says: 'The registry does not let this account push to {target} ({status}{said}).',
    next: 'Check the account’s access to the repository, then press Retry.',
    retry: true,
    usually: unsaid,
  },
  'registry-private': {
    says: 'The registry does not show {target} without credentials ({status}{said}).',
    next: 'They are used after an approval only, and it is looked at then.',
    retry: true,
    usually: unsaid,
  },
  'registry-unreachable': {
    says: 'The registry did not answer {what}: {problem}{set}.',
    next: 'Press Retry in a few minutes; what is there already is not sent again.',
    retry: true,
    usually: unset,
  },
  'registry-busy': {
    says: 'The registry asked to slow down ({status}{said}) for longer than {seconds} s{set}.',
    next: 'Press Retry later; what is there already is not sent again.',
    retry: true,
    usually: { ...unsaid, ...unset },
  },
  'registry-quota': {
    says: 'The registry takes no more from this account for now: {problem}.',
    next: 'Press Retry later; what is there already is not sent again.',
    retry: true,
  },
  'registry-full': {
    says: 'The registry has no room for {what} ({status}{said}).',
    next: 'An operator must make room there or have the quota raised, then press Retry; what is there already is not sent again.',
    retry: true,
    usually: unsaid,
  },
  'registry-no-repository': {
    says: 'The registry has no repository for {target} ({status}{said}).',
    next: 'An operator must create it there or correct `publish` in the configuration, then press Retry.',
    retry: true,
    usually: unsaid,
  },
  'registry-withheld': {
    says: 'The registry does not give {what} out yet ({status}{said}){set}.',
    next: 'It may wait for its scan: press Retry when that is done; what is there already is not sent again.',
    retry: true,
    usually: { ...unsaid, ...unset },
  },
  'registry-failed': {
    says: 'The registry failed at {what}: {status}{said}{set}.',
    next: 'Press Retry; what is there already is not sent again.',
    retry: true,
    usually: { ...unsaid, ...unset },
  },
  'registry-refused': {
    says: 'The registry’s answer to {what} is {status}{said}{set}.',
    next: 'It will say the same again: an operator must look at the registry first; Retry then goes on with what is there.',
    retry: true,
    usually: { ...unsaid, ...unset },
  },
  'registry-nonsense': {
    says: 'The registry’s answer to {what} cannot be used: {problem}{set}.',
    next: 'Nothing was announced as published; look at the registry before you retry.',
    retry: true,
    usually: unset,
  },
  'registry-foreign-host': {
    says: 'The registry pointed {what} at {host}, which is not allowed.',
    next: 'No credentials were sent there; look at the registry’s configuration.',
    retry: true,
  },
  'registry-token-service': {
    says: 'The registry wants its tokens fetched at {host}, and nobody said that it may have the password.',
    next: 'Nothing was sent there. Where it is right, an operator must name it as `registry.tokenService`.',
    retry: true,
  },
  'read-back-digest': {
    says: 'The registry gives back another manifest for {target} than was pushed: {got}, not {want}.',
    next: 'Do not pin it. Look at who else writes to this repository.',
    retry: false,
  },
  'read-back-layers': {
    says: 'The manifest that the registry gives back for {target} ({got}) is not of this image: {problem}.',
    next: 'Do not pin it. Look at who else writes to this repository.',
    retry: false,
  },
  'read-back-config': {
    says: 'The manifest that the registry gives back for {target} is of another image: {got}, not {want}.',
    next: 'Do not pin it. Look at who else writes to this repository.',
    retry: false,
  },

  // The Docker engine
  'docker-unreachable': {
    says: 'The Docker engine did not answer {what}: {problem}.',
    next: 'Check DOCKER_HOST and the engine, then press Retry.',
    retry: true,
  },
  'docker-failed': {
    says: 'The Docker engine failed to {what}: {problem}.',
    next: 'Look at the engine’s log, then press Retry.',
    retry: true,
  },
  'docker-nonsense': {
    says: 'The Docker engine’s answer to {what} cannot be used: {problem}.',
    next: 'Nothing was announced as published; press Retry.',
    retry: true,
  },
  'docker-image': {
    says: 'The Docker engine loaded image {got}, not {want}.',
    next: 'Nothing was pushed. Look at the engine, or use the registry engine, and ask again.',
    retry: false,
  },

  // Credentials
  'sops-missing': {
    says: 'sops cannot be run: {problem}.',
    next: 'An operator must install sops 3.9 or newer on the bot’s machine, then press Retry.',
    retry: true,
  },
  'sops-file': {
    says: 'The credentials file cannot be used: {problem}.',
    next: 'An operator must look at `registry.credentials.file`, then press Retry.',
    retry: true,
  },
  'sops-no-key': {
    says: 'sops has no key for the credentials file.',
    next: 'An operator must give the bot its key (e.g. SOPS_AGE_KEY_FILE), then press Retry.',
    retry: true,
  },
  'sops-tampered': {
    says: 'The credentials file was changed after it was encrypted.',
    next: 'An operator must restore it from its repository; nothing was decrypted.',
    retry: true,
  },
  'sops-failed': {
    says: 'sops ended with {outcome}.',
    next: 'An operator must run sops by hand to see why, then press Retry.',
    retry: true,
  },
  'sops-timeout': {
    says: 'sops did not finish within {seconds} s.',
    next: 'The key service may be down: press Retry later.',
    retry: true,
  },
  'sops-shape': {
    says: 'The decrypted credentials have no text at {path}.',
    next: 'An operator must correct `registry.credentials` or the file.',
    retry: true,
  },
} as const satisfies Sentences;
