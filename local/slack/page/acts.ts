import { z } from 'zod';
import type { Answer } from '../person.ts';
import type { Slack } from '../slack.ts';

const entered = z.union([z.string(), z.array(z.string())]);
const as = z.string();

/** What a person does in the browser. */
export const act = z.discriminatedUnion('do', [
  z.object({ do: z.literal('write'), as, channel: z.string(), text: z.string().min(1) }),
  z.object({
    do: z.literal('reply'),
    as,
    channel: z.string(),
    thread: z.string(),
    text: z.string().min(1),
  }),
  z.object({
    do: z.literal('click'),
    as,
    on: z.union([z.object({ view: z.string() }), z.string()]),
    action: z.string(),
    block: z.string(),
    chosen: entered.optional(),
  }),
  z.object({
    do: z.literal('submit'),
    as,
    view: z.string(),
    entries: z.record(z.string(), entered),
  }),
  z.object({ do: z.literal('close'), as, view: z.string() }),
  z.object({ do: z.literal('home'), as }),
  z.object({ do: z.literal('dismiss'), as, ts: z.string() }),
]);

/** Does what a person did. A line that begins with a slash is a command, as in Slack. */
export async function perform(slack: Slack, given: z.infer<typeof act>): Promise<Answer> {
  const person = slack.as(given.as);
  switch (given.do) {
    case 'write':
      return await write(slack, given);
    case 'reply':
      person.say(given.text, given);
      return done;
    case 'click': {
      const { action, block, chosen } = given;
      return await person.click(given.on, action, { block, chosen });
    }
    case 'submit':
      return await person.submit(given.view, given.entries);
    case 'close':
      return await person.close(given.view);
    case 'home':
      return await person.home();
    case 'dismiss':
      return dismiss(slack, given);
  }
}

const done: Answer = { ms: 0 };

async function write(
  slack: Slack,
  { as: id, channel, text }: { as: string; channel: string; text: string },
): Promise<Answer> {
  const [, command, rest = ''] = /^(\/[\w-]+)(?:\s+([\s\S]*))?$/.exec(text.trim()) ?? [];
  if (command) return await slack.as(id).command(command, rest, { channel });
  slack.as(id).say(text, { channel });
  return done;
}

function dismiss(slack: Slack, { as: id, ts }: { as: string; ts: string }): Answer {
  const message = slack.ephemerals(id).find((found) => found.ts === ts);
  if (message) slack.parts.stage.workspace.remove(message);
  return done;
}
