import type { App, SlashCommand } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { promotableNames } from '../domain/image.ts';
import type { Delivery } from '../domain/delivery.ts';
import type { SlackAppOptions } from './options.ts';
import { ackInTime, envelopeKey, openView, showAnswer, type Asker } from './answering.ts';
import { askForm, carriedBy, forms, formValues } from './form.ts';

/** The slash command and the form that stands for it. */
export function listenForCommands(app: App, { bot, policy, log }: SlackAppOptions): void {
  app.command('/promote-image', async ({ command, ack, client }) => {
    const delivery = deliveryOf(command);
    const asker = askerOf(command, { client, policy, log });
    const work = bot.onCommand({ ...delivery, text: command.text ?? '' });
    const given = await showAnswer(ackInTime(ack, work, log), asker);
    if (given?.show !== 'form') return;
    const view = askForm(promotableNames(policy), { channel: command.channel_id });
    await showAnswer(openView(view, { ...asker, trigger: command.trigger_id }), asker);
  });

  app.view(forms.ask, async ({ ack, body, view, client }) => {
    const channel = carriedBy(view.private_metadata)?.channel ?? policy.slack.channel;
    const read = bot.readForm(formValues(view));
    if ('errors' in read) {
      await ack({ response_action: 'errors', errors: read.errors });
      return;
    }
    const user = body.user.id;
    const team = body.team?.id ?? body.user.team_id ?? '';
    const envelope = envelopeKey('view', {
      user,
      id: view.id,
      hash: view.hash,
      values: view.state.values,
    });
    const asker: Asker = {
      client,
      user,
      channel,
      responseUrl: undefined,
      isOurChannel: channel === policy.slack.channel,
      log,
    };
    const work = bot.onAsk({ envelope, user, team, channel }, read.ask);
    await showAnswer(ackInTime(ack, work, log), asker);
  });
}

/** Copies of one delivery have its trigger and its address for answers in common; the same line typed again has not. */
function deliveryOf(command: SlashCommand): Delivery {
  const { user_id: user, team_id: team, channel_id: channel, trigger_id: trigger, text } = command;
  const parts = { user, team, channel, trigger, address: command.response_url, text };
  return { user, team, channel, envelope: envelopeKey('command', parts) };
}

function askerOf(
  command: SlashCommand,
  { client, policy, log }: { readonly client: WebClient } & Pick<SlackAppOptions, 'policy' | 'log'>,
): Asker {
  return {
    client,
    user: command.user_id,
    channel: command.channel_id,
    responseUrl: command.response_url,
    isOurChannel: command.channel_id === policy.slack.channel,
    log,
  };
}
