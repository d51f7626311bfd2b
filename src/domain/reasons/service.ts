import type { Sentences } from './sentences.ts';

/** Slack, the database, and the bot itself. */
export const service = {
  'slack-refused': {
    says: 'Slack does not let the bot in: {problem}.',
    next: 'Check SLACK_BOT_TOKEN and SLACK_APP_TOKEN, then start again.',
    retry: true,
  },
  'slack-scopes': {
    says: 'The bot’s token lacks scopes that it needs: {missing}.',
    next: 'Add them to the app (manifest.yml has them all), install it again, then start again.',
    retry: true,
  },
  'channel-unknown': {
    says: 'Slack does not say who shares the channel: {problem}.',
    next: 'Invite the bot to the channel of the configuration, then try again.',
    retry: true,
  },
  'channel-shared': {
    says: 'The channel {channel} is not ours alone: {problem}.',
    next: 'An operator must end the sharing, or choose another channel; then ask again.',
    retry: false,
  },
  'form-unopened': {
    says: 'Slack did not open the form: {problem}.',
    next: 'Try again.',
    retry: false,
  },
  'database-failed': {
    says: 'The database did not take a change: {problem}.',
    next: 'Nothing was done; an operator must look at the database.',
    retry: true,
  },
  'port-unusable': {
    says: 'Nothing can be listened for at {address}: {problem}.',
    next: 'Give another {variables}, or stop what listens there.',
    retry: false,
  },
  'database-unopened': {
    says: 'The database {database} cannot be opened: {problem}.',
    next: 'Check DATABASE_URL and what it names.',
    retry: true,
  },
  'database-in-use': {
    says: 'Another process is using the database {database}.',
    next: 'Stop that one first; several replicas at once need PostgreSQL.',
    retry: true,
  },
  'database-newer': {
    says: 'A newer version of this program has been using the database {database}: its schema is {found}, this one knows {known}.',
    next: 'Start the newer version, or restore a backup from before the upgrade.',
    retry: true,
  },
  'database-older': {
    says: 'The database {database} has schema {found}, this program reads {known}.',
    next: 'Start the bot once: it brings the schema up to date.',
    retry: true,
  },
  'database-empty': {
    says: 'There is no database of the bot at {database}.',
    next: 'Check DATABASE_URL; the bot makes its database when it starts.',
    retry: true,
  },
  'audit-key-missing': {
    says: 'There is no key to sign the audit log of {database} with.',
    next: 'Make one with `openssl rand -base64 32`, give it as AUDIT_KEY or in the file AUDIT_KEY_FILE, and keep it: every replica needs the same.',
    retry: false,
  },
  'audit-key-lost': {
    says: 'The audit log of {database} is signed, but the file {file} with its key is not there.',
    next: 'Put it back from beside the database where the log was written, or give the key as AUDIT_KEY.',
    retry: false,
  },
  'audit-key-unusable': {
    says: 'The audit key cannot be used: {problem}.',
    next: 'Check AUDIT_KEY or AUDIT_KEY_FILE, or the file beside the database.',
    retry: false,
  },
  'audit-key-other': {
    says: 'The audit log ends with event {event}, which another key has signed.',
    next: 'Give the key that signed it. To change keys, put the new one first and leave the old one, or its public half, behind it.',
    retry: false,
  },
  'log-unsigned': {
    says: 'The audit log’s event {event} is not signed with the bot’s key: somebody else wrote it.',
    next: 'Nothing is added behind it. An operator must look at `audit verify` and restore the database.',
    retry: false,
  },
  'ended-by-restore': {
    says: 'The database was restored, and what became of this request meanwhile is not known.',
    next: 'Look at the registry and at this thread, then ask again.',
    retry: false,
  },
  'bot-holds': {
    says: 'The channel has seen event {seen} of the audit log, which ends with {head}: the database was restored or changed. The bot answers, and plans and publishes nothing.',
    next: 'An operator must restore the newest database, or accept the gap: `npm run promote-image -- audit accept-restore --because …`.',
    retry: false,
  },
  interrupted: {
    says: 'The bot was stopped in the middle of it.',
    next: 'It goes on by itself after the start.',
    retry: true,
  },
  unexpected: {
    says: 'Something went wrong that nobody foresaw ({problem}).',
    next: 'An operator finds it in the log under {id}.',
    retry: true,
  },
} as const satisfies Sentences;
