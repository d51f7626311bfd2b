import type { App, BlockAction, ButtonAction } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { answer, type Answer, type Click, actionIds, type ActionId } from '../domain/delivery.ts';
import { refused } from '../words/messages.ts';
import {
  ackInTime,
  envelopeKey,
  openView,
  showAnswer,
  type Asker,
  type Opener,
} from './answering.ts';
import type { SlackAppOptions } from './options.ts';
import { carriedBy, detailsView, forms, formValues, rejectForm } from './form.ts';

/** Buttons that say everything by themselves. */
const decidedAtOnce = new Set<ActionId>(['approve', 'withdraw', 'stop', 'retry']);

/** The card’s buttons, and the form that asks why. */
export function listenForClicks(app: App, options: SlackAppOptions): void {
  for (const action of actionIds) {
    const constraints = { action_id: action, type: 'block_actions' } as const;
    app.action<BlockAction<ButtonAction>>(constraints, async ({ ack, body, payload, client }) => {
      const click = clickOf(action, body, payload);
      const asker = askerOf(body, client, options);
      if (decidedAtOnce.has(action)) {
        const decided = options.bot.onDecision(click);
        await showAnswer(ackInTime(ack, decided, options.log), asker);
        return;
      }
      if (action === 'promote') {
        // The value is the line that the person would type; it is read as such.
        const typed = options.bot.onCommand({ ...click, text: payload.value ?? '' });
        await showAnswer(ackInTime(ack, typed, options.log), asker);
        return;
      }
      await ack();
      const open = action === 'reject' ? askWhy : showDetails;
      const opener = { ...asker, trigger: body.trigger_id, bot: options.bot };
      await showAnswer(open(click, opener), asker);
    });
  }
  listenForReasons(app, options);
}

/** The form that came back with the reason for a rejection. */
function listenForReasons(app: App, { bot, policy, log }: SlackAppOptions): void {
  app.view(forms.reject, async ({ ack, body, view, client }) => {
    const carried = carriedBy(view.private_metadata);
    const why = formValues(view)['why'];
    if (!carried?.promotion || !carried.planHash || !why) {
      const errors = { why: 'Say why, so that the requester knows what to do' };
      await ack({ response_action: 'errors', errors });
      return;
    }
    const user = body.user.id;
    const { channel, promotion, planHash } = carried;
    const team = body.team?.id ?? body.user.team_id ?? '';
    const envelope = envelopeKey('view', { user, id: view.id, hash: view.hash, why });
    const click: Click = {
      action: 'reject',
      user,
      channel,
      promotion,
      planHash,
      why,
      team,
      envelope,
    };
    const isOurChannel = channel === policy.slack.channel;
    const asker = { client, user, channel, responseUrl: undefined, isOurChannel, log };
    await showAnswer(ackInTime(ack, bot.onDecision(click), log), asker);
  });
}

type Deciding = Opener & { readonly bot: SlackAppOptions['bot'] };

/** Nobody is asked for a reason who may not give it. */
async function askWhy(click: Click, opener: Deciding): Promise<Answer> {
  const refusal = await opener.bot.mayReject(click);
  if (refusal) return refusal;
  const { channel, promotion, planHash } = click;
  return openView(rejectForm(promotion, { channel, promotion, planHash }), opener);
}

async function showDetails(click: Click, opener: Deciding): Promise<Answer> {
  const blocks = await opener.bot.details(click);
  return 'outcome' in blocks ? answer(refused(blocks)) : openView(detailsView(blocks), opener);
}

/** A button’s value is an id and a plan hash; who, where and what was clicked is Slack’s word. */
function clickOf(action: ActionId, body: BlockAction, payload: ButtonAction): Click {
  const [promotion = '', planHash = ''] = (payload.value ?? '').split(' ');
  const user = body.user.id;
  const team = body.team?.id ?? body.user.team_id ?? '';
  const message = body.message?.['ts'] ?? body.container['message_ts'];
  const parts = {
    user,
    team,
    action,
    value: payload.value,
    at: payload.action_ts,
    message,
    trigger: body.trigger_id,
    address: body.response_url,
  };
  return {
    action,
    promotion,
    planHash,
    user,
    team,
    channel: body.channel?.id ?? String(body.container['channel_id'] ?? ''),
    envelope: envelopeKey('click', parts),
  };
}

function askerOf(body: BlockAction, client: WebClient, { policy, log }: SlackAppOptions): Asker {
  const channel = body.channel?.id ?? policy.slack.channel;
  const isOurChannel = channel === policy.slack.channel;
  return { client, user: body.user.id, channel, responseUrl: body.response_url, isOurChannel, log };
}
