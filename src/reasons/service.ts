import type { Sentences } from './sentences.ts';

/** Slack, the database, and the bot itself. */
export const service = {
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
    next: 'Give another {variables}, or stop what listens there.',
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
} as const satisfies Sentences;
