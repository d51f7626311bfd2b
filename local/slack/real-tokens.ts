/** Every stand-in's token begins like this, so that no real one is ever taken for it. */
export const localTokens = { bot: 'xoxb-local-', app: 'xapp-local-' } as const;

/**
 * Throws where the environment holds tokens of a real workspace: stand-ins never run beside them. Their values are
 * not in the message.
 */
export function refuseBesideRealTokens(env: Readonly<Record<string, string | undefined>>): void {
  const real = Object.entries({
    SLACK_BOT_TOKEN: localTokens.bot,
    SLACK_APP_TOKEN: localTokens.app,
  })
    .filter(([name, prefix]) => env[name] && !env[name].startsWith(prefix))
    .map(([name]) => name);
  if (real.length === 0) return;
  throw new Error(
    `${real.join(' and ')} ${real.length === 1 ? 'is' : 'are'} set: the local workspace does not start beside the tokens of a real one. Unset ${real.length === 1 ? 'it' : 'them'} and try again.`,
  );
}
