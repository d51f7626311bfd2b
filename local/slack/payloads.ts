import { randomUUID } from 'node:crypto';
import type { Element } from './block-check.ts';
import type { Delivery } from './delivery.ts';
import { valueOf } from './inputs.ts';
import { onWire, viewOnWire, type Message, type View } from './things.ts';
import type { Triggers } from './triggers.ts';
import { newId, type Workspace } from './workspace.ts';

/** Where interactions happen: what their payloads are made from. */
export interface Stage {
  readonly workspace: Workspace;
  readonly triggers: Triggers;
  readonly origin: string;
}

/** A typed slash command. */
export interface Typed {
  readonly user: string;
  readonly command: string;
  readonly text: string;
  readonly channel: string;
}

/** Makes the delivery of a typed slash command. */
export function commandDelivery(stage: Stage, { user, command, text, channel }: Typed): Delivery {
  const { workspace, triggers, origin } = stage;
  const { seed } = workspace;
  const person = workspace.user(user);
  const address = triggers.newAddress({ user, channel });
  return {
    id: randomUUID(),
    type: 'slash_commands',
    payload: {
      token: verificationToken,
      team_id: person.team ?? seed.team.id,
      team_domain: seed.team.domain,
      channel_id: channel,
      channel_name: workspace.channel(channel).name,
      user_id: user,
      user_name: person.name,
      command,
      text,
      api_app_id: seed.bot.app,
      is_enterprise_install: 'false',
      response_url: `${origin}/response/${address}`,
      trigger_id: triggers.newTrigger(user),
    },
  };
}

/** The token of the days before signatures; apps do not look at it. */
const verificationToken = 'local-verification';

/** A pressed button, or a choice made in a menu. */
export interface Pressed {
  readonly user: string;
  readonly on: { readonly message: Message } | { readonly view: View };
  readonly blockId: string;
  readonly element: Element;
  /** For menus: what was chosen. */
  readonly chosen?: string | readonly string[] | undefined;
}

/** Makes the delivery of a pressed button. */
export function actionDelivery(stage: Stage, pressed: Pressed): Delivery {
  const { user, on } = pressed;
  const place = 'message' in on ? messagePlace(stage, user, on.message) : viewPlace(on.view);
  return interactive({
    type: 'block_actions',
    ...envelope(stage, user),
    ...place,
    actions: [actionOf(stage.workspace, pressed)],
  });
}

function actionOf(workspace: Workspace, { blockId, element, chosen }: Pressed): object {
  const action = {
    action_id: element.action_id,
    block_id: blockId,
    type: element.type,
    action_ts: workspace.newTs(),
  };
  if (element.type !== 'button') return { ...action, ...valueOf(element, chosen) };
  const { text, value, style } = element;
  return { ...action, text, ...(value ? { value } : {}), ...(style ? { style } : {}) };
}

function messagePlace(
  { workspace, triggers, origin }: Stage,
  user: string,
  message: Message,
): object {
  const { channel, ts, thread_ts } = message;
  const isEphemeral = message.ephemeralFor !== undefined;
  return {
    container: {
      type: 'message',
      message_ts: ts,
      channel_id: channel,
      is_ephemeral: isEphemeral,
      ...(thread_ts ? { thread_ts } : {}),
    },
    channel: { id: channel, name: workspace.channel(channel).name },
    ...(isEphemeral ? {} : { message: onWire(message) }),
    state: { values: {} },
    response_url: `${origin}/response/${triggers.newAddress({ user, channel, ts })}`,
  };
}

function viewPlace(view: View): object {
  return { container: { type: 'view', view_id: view.id }, view: viewOnWire(view) };
}

/** Makes the delivery of a submitted or closed modal. */
export function viewDelivery(
  stage: Stage,
  view: View,
  type: 'view_submission' | 'view_closed',
): Delivery {
  const { trigger_id, ...who } = envelope(stage, view.user);
  const isSubmitted = type === 'view_submission';
  return interactive({
    type,
    ...who,
    ...(isSubmitted ? { trigger_id, response_urls: [] } : { is_cleared: false }),
    view: viewOnWire(view),
  });
}

/** Makes the delivery of somebody opening the App Home. */
export function homeDelivery({ workspace }: Stage, user: string): Delivery {
  const { seed } = workspace;
  const view = workspace.homes.get(user);
  return {
    id: randomUUID(),
    type: 'events_api',
    payload: {
      token: verificationToken,
      team_id: seed.team.id,
      api_app_id: seed.bot.app,
      type: 'event_callback',
      event_id: newId('Ev'),
      event_time: Math.floor(workspace.now() / 1000),
      authorizations: [
        {
          team_id: seed.team.id,
          user_id: seed.bot.user,
          is_bot: true,
          is_enterprise_install: false,
        },
      ],
      event: {
        type: 'app_home_opened',
        user,
        channel: workspace.directChannel(user).id,
        tab: 'home',
        event_ts: workspace.newTs(),
        ...(view ? { view: viewOnWire(view) } : {}),
      },
    },
  };
}

function interactive(payload: Readonly<Record<string, unknown>>): Delivery {
  return { id: randomUUID(), type: 'interactive', payload };
}

function envelope({ workspace, triggers }: Stage, user: string) {
  const { seed } = workspace;
  const person = workspace.user(user);
  return {
    team: { id: seed.team.id, domain: seed.team.domain },
    user: {
      id: user,
      username: person.name,
      name: person.name,
      team_id: person.team ?? seed.team.id,
    },
    api_app_id: seed.bot.app,
    token: verificationToken,
    trigger_id: triggers.newTrigger(user),
    enterprise: null,
    is_enterprise_install: false,
  };
}
