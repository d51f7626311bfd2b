/**
 * Every reason for which something is refused or fails: a closed list, used by Slack, log, audit and tests alike.
 * `says` is the sentence for people, `next` the next move. `{…}` are facts that whoever refuses must give.
 * Facts are untrusted text: `messages.ts` escapes them for Slack.
 */
export const reasons = {
  // The command line
  'unknown-command': { says: 'I do not understand “{text}”.', next: 'Try `{example}`, or `help`.' },
  'unknown-image': {
    says: 'There is no image “{image}”.',
    next: 'The images are: {known}. For example `{example}`.',
  },
  'bad-build': {
    says: '“{build}” is not a build: I take a full commit (40 hex digits), a task id, `latest`, or a link to a task, commit or push.',
    next: 'Try `{example}`.',
  },
  'bad-tag': { says: '“{tag}” cannot be a tag: {problem}.', next: 'Try `{example}`.' },
  'unknown-promotion': {
    says: 'There is no promotion “{id}”.',
    next: '`/promote-image status` lists what is under way.',
  },
  'too-many-of-yours': {
    says: '{count} requests of yours are under way already, which is as many as one person may have.',
    next: 'Wait until one has ended, or take one back: `/promote-image status` lists them.',
  },
  'too-many-requests': {
    says: '{count} requests are under way already, which is as many as I take on at once.',
    next: 'Try again when some have ended: `/promote-image status` lists them.',
  },

  // Finding the build
  'unknown-commit': {
    says: 'Taskcluster knows no decision task for commit {revision} of {project}.',
    next: 'Only the tip of a push has one: give the tip, the image task’s id, or `latest`.',
  },
  'no-image-task': {
    says: 'The push of {revision} has no task {label}.',
    next: 'Give the id of the task that built the image, or `latest`.',
  },
  'no-label-map': {
    says: 'Decision task {decision} of commit {revision} has no {artifact}.',
    next: 'It failed, is still running, or is too old: wait for it, or give the id of the task that built the image.',
  },
  'no-latest': {
    says: 'The index has no level-3 build at {route}.',
    next: 'Give a commit or a task id.',
  },
  'unknown-task': {
    says: 'Taskcluster has no task {task}.',
    next: 'Check the id; tasks are dropped when they expire.',
  },
  'bad-link': {
    says: 'The link {link} does not lead to a build: {problem}.',
    next: 'Give a commit or a task id.',
  },

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
    says: 'The signed task graph of decision task {decision} does not hold task {task}{problem}.',
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
  'taskcluster-unreachable': {
    says: 'Taskcluster did not answer {what}: {problem}.',
    next: 'Try again in a few minutes.',
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

  // The tag
  'tag-taken': {
    says: '{target} already holds another image ({digest}); a published tag is never overwritten.',
    next: 'Give another tag, or build a new version.',
  },
  'version-not-bumped': {
    says: '{target} already holds another image ({digest}): {path} was not bumped for this build.',
    next: 'Bump {path}, land it, and promote the build of that commit.',
  },
  'no-version': {
    says: '{path} at {revision} of {repository} is no version to tag with: {problem}.',
    next: 'Give the tag yourself as the third word.',
  },
  'tag-not-allowed': {
    says: '{image} is tagged with {rule}: {want}, not {got}.',
    next: 'Leave the tag out.',
  },
  'target-busy': {
    says: '{target} is being promoted already: {holder}.',
    next: 'You will be told here when it is free.',
  },

  // The registry
  'registry-credentials': {
    says: 'The registry refused the credentials for {target} ({status}).',
    next: 'They may have been rotated: an operator must update the sops file, then press Retry.',
  },
  'registry-denied': {
    says: 'The registry does not let this account push to {target} ({status}).',
    next: 'Check the account’s access to the repository, then press Retry.',
  },
  'registry-private': {
    says: 'The registry does not show {target} without credentials ({status}).',
    next: 'They are used after an approval only, and it is looked at then.',
  },
  'registry-unreachable': {
    says: 'The registry did not answer {what}: {problem}.',
    next: 'Press Retry in a few minutes; what is there already is not sent again.',
  },
  'registry-busy': {
    says: 'The registry asked to slow down ({status}) for longer than {seconds} s.',
    next: 'Press Retry later; what is there already is not sent again.',
  },
  'registry-failed': {
    says: 'The registry failed at {what}: {status}.',
    next: 'Press Retry; what is there already is not sent again.',
  },
  'registry-nonsense': {
    says: 'The registry’s answer to {what} cannot be used: {problem}.',
    next: 'Nothing was announced as published; look at the registry before you retry.',
  },
  'registry-foreign-host': {
    says: 'The registry pointed {what} at {host}, which is not allowed.',
    next: 'No credentials were sent there; look at the registry’s configuration.',
  },
  'read-back-digest': {
    says: 'The registry gives back another manifest for {target} than was pushed: {got}, not {want}.',
    next: 'Do not pin it. Look at who else writes to this repository.',
  },
  'read-back-config': {
    says: 'The manifest that the registry gives back for {target} is of another image: {got}, not {want}.',
    next: 'Do not pin it. Look at who else writes to this repository.',
  },

  // The Docker engine
  'docker-unreachable': {
    says: 'The Docker engine did not answer {what}: {problem}.',
    next: 'Check DOCKER_HOST and the engine, then press Retry.',
  },
  'docker-failed': {
    says: 'The Docker engine failed to {what}: {problem}.',
    next: 'Look at the engine’s log, then press Retry.',
  },
  'docker-nonsense': {
    says: 'The Docker engine’s events for {what} cannot be used: {problem}.',
    next: 'Nothing was announced as published; press Retry.',
  },
  'docker-image': {
    says: 'The Docker engine loaded image {got}, not {want}.',
    next: 'Press Retry; if it stays so, use the registry engine.',
  },

  // Credentials
  'sops-missing': {
    says: 'sops cannot be run: {problem}.',
    next: 'An operator must install sops on the bot’s machine, then press Retry.',
  },
  'sops-file': {
    says: 'The credentials file cannot be used: {problem}.',
    next: 'An operator must look at `registry.credentials.file`, then press Retry.',
  },
  'sops-no-key': {
    says: 'sops has no key for the credentials file.',
    next: 'An operator must give the bot its key (e.g. SOPS_AGE_KEY_FILE), then press Retry.',
  },
  'sops-tampered': {
    says: 'The credentials file was changed after it was encrypted.',
    next: 'An operator must restore it from its repository; nothing was decrypted.',
  },
  'sops-failed': {
    says: 'sops ended with {outcome}.',
    next: 'An operator must run sops by hand to see why, then press Retry.',
  },
  'sops-timeout': {
    says: 'sops did not finish within {seconds} s.',
    next: 'The key service may be down: press Retry later.',
  },
  'sops-shape': {
    says: 'The decrypted credentials have no text at {path}.',
    next: 'An operator must correct `registry.credentials` or the file.',
  },

  // Source trees
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
    says: '“{ref}” is neither a branch nor a full commit.',
    next: 'Try `{example}`.',
  },
  'repin-interrupted': {
    says: 'The bot was stopped while it re-pinned {image}; nothing came of it.',
    next: 'Run it again: `{example}`.',
  },
  'repin-failed': {
    says: 'The re-pin command of {image} failed: {problem}.',
    next: 'Run it by hand to see why.',
  },

  // Approval
  'same-person': {
    says: 'You asked for this promotion, so a second person must approve it.',
    next: 'Ask another approver.',
  },
  'same-human': {
    says: 'Your account belongs to the person who asked, so somebody else must approve it.',
    next: 'Ask another approver.',
  },
  'not-an-approver': {
    says: 'You are not among the approvers.',
    next: 'Ask an approver, or have yourself added to the configuration.',
  },
  'not-a-member': {
    says: 'Your account cannot do this: it is {kind}.',
    next: 'Ask a full member of this workspace.',
  },
  'group-unknown': {
    says: 'Slack does not say who is in the approvers’ group: {problem}.',
    next: 'Try again; nobody is an approver until it answers.',
  },
  'person-unknown': { says: 'Slack does not say who you are: {problem}.', next: 'Try again.' },
  'already-approved-by-you': {
    says: 'You have approved this already.',
    next: 'Another approver is needed.',
  },
  'already-decided': {
    says: 'This promotion is {state} already.',
    next: 'Nothing more to do here.',
  },
  'another-plan': {
    says: 'This button belongs to another plan than the one now proposed.',
    next: 'Look at the card as it is now and decide on that.',
  },
  'approval-expired': {
    says: 'This request expired on {expires}.',
    next: 'Ask again to get a fresh plan.',
  },
  'not-yours': { says: 'Only {who} may do this.', next: 'Ask them.' },
  'not-retryable': {
    says: 'This promotion cannot be retried: it is {state}.',
    next: 'Ask again to get a fresh plan.',
  },
  'push-started': {
    says: 'The push has begun; it cannot be taken back.',
    next: 'Wait for its end.',
  },
  'wrong-place': {
    says: 'This works only in {channel} of our own workspace.',
    next: 'Go there and try again.',
  },
  'foreign-workspace': { says: 'You belong to another workspace.', next: 'Ask a member of ours.' },

  // What changed between the approval and the push
  'changed-run': {
    says: 'The task was rerun after the plan was made: run {got} now, {want} then.',
    next: 'Ask again to get a plan for the new run.',
  },
  'changed-status': {
    says: 'The task is {got} now; it was {want} when the plan was made.',
    next: 'Ask again.',
  },
  'changed-definition': {
    says: 'The task’s definition changed after the plan was made.',
    next: 'Do not promote it; ask the Taskcluster team.',
  },
  'changed-certificate': {
    says: 'The chain of trust changed after the plan was made.',
    next: 'Do not promote it; ask the Taskcluster team.',
  },
  'changed-artifact': {
    says: 'The artifact’s bytes changed after the plan was made ({problem}).',
    next: 'Do not promote it: what is stored is not what was approved.',
  },
  'changed-image': {
    says: 'The artifact unpacks to another image than was approved: {got}, not {want}.',
    next: 'Do not promote it.',
  },
  'changed-tag': {
    says: 'The tag was taken meanwhile: {target} now holds {digest}.',
    next: 'Look at who published it; ask again with another tag.',
  },
  'changed-pins': {
    says: 'The pins changed meanwhile in {source}: {problem}.',
    next: 'Ask again to get a plan on today’s tree.',
  },
  'changed-policy': {
    says: 'The configuration changed after the plan was made: {problem}.',
    next: 'Ask again to get a plan under today’s rules.',
  },
  'changed-approver': {
    says: '{who}, who approved this, may not approve any more: {problem}.',
    next: 'Ask again.',
  },
  'changed-plan': {
    says: 'The plan changed after it was approved: {problem}.',
    next: 'Ask again.',
  },

  // Slack and ourselves
  'slack-failed': {
    says: 'Slack did not take {what}: {problem}.',
    next: 'It is tried again until Slack has it.',
  },
  'slack-refused': {
    says: 'Slack does not let the bot in: {problem}.',
    next: 'Check SLACK_BOT_TOKEN and SLACK_APP_TOKEN, then start again.',
  },
  'form-unopened': {
    says: 'Slack did not open the form: {problem}.',
    next: 'Try again.',
  },
  'database-failed': {
    says: 'The database did not take a change: {problem}.',
    next: 'Nothing was done; an operator must look at the database.',
  },
  'port-unusable': {
    says: 'Nothing can be listened for at {address}: {problem}.',
    next: 'Give another PORT or HOST, or stop what listens there.',
  },
  'database-unopened': {
    says: 'The database {database} cannot be opened: {problem}.',
    next: 'Check DATABASE_URL and what it names.',
  },
  'database-in-use': {
    says: 'Another process is using the database {database}.',
    next: 'Stop that one first; several replicas at once need PostgreSQL.',
  },
  'database-newer': {
    says: 'A newer version of this program has been using the database {database}: its schema is {found}, this one knows {known}.',
    next: 'Start the newer version, or restore a backup from before the upgrade.',
  },
  'database-older': {
    says: 'The database {database} has schema {found}, this program reads {known}.',
    next: 'Start the bot once: it brings the schema up to date.',
  },
  'database-empty': {
    says: 'There is no database of the bot at {database}.',
    next: 'Check DATABASE_URL; the bot makes its database when it starts.',
  },
  interrupted: {
    says: 'The bot was stopped in the middle of it.',
    next: 'It goes on by itself after the start.',
  },
  unexpected: {
    says: 'Something went wrong that nobody foresaw ({problem}).',
    next: 'An operator finds it in the log under {id}.',
  },
} as const satisfies Record<string, { readonly says: string; readonly next: string }>;

export type Reason = keyof typeof reasons;

type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

/** The facts that the sentences of a reason need, all as text. */
export type Facts<R extends Reason> = {
  readonly [Name in Placeholder<(typeof reasons)[R]['says' | 'next']>]: string;
};
