import type { Block } from './block-check.ts';

/** What a workspace holds, in the form in which Slack sends it. Fields that are ours alone are said so. */

export interface Metadata {
  readonly event_type: string;
  readonly event_payload: Readonly<Record<string, unknown>>;
}

export interface Message {
  readonly type: 'message';
  readonly subtype?: string | undefined;
  readonly ts: string;
  readonly user: string;
  readonly team: string;
  readonly text: string;
  readonly bot_id?: string | undefined;
  readonly app_id?: string | undefined;
  readonly blocks?: readonly Block[] | undefined;
  readonly metadata?: Metadata | undefined;
  readonly edited?: { readonly user: string; readonly ts: string } | undefined;
  readonly files?: readonly SlackFile[] | undefined;
  readonly reactions?: readonly Reaction[] | undefined;
  readonly thread_ts?: string | undefined;
  readonly parent_user_id?: string | undefined;
  readonly reply_count?: number | undefined;
  readonly reply_users?: readonly string[] | undefined;
  readonly reply_users_count?: number | undefined;
  readonly latest_reply?: string | undefined;
  /** Ours: where it is. */
  readonly channel: string;
  /** Ours: the only person who sees it. */
  readonly ephemeralFor?: string | undefined;
  /** Ours: a reply that also stands in the channel. */
  readonly isBroadcast?: boolean | undefined;
}

export interface Reaction {
  readonly name: string;
  readonly count: number;
  readonly users: readonly string[];
}

export interface SlackFile {
  readonly id: string;
  readonly created: number;
  readonly name: string;
  readonly title: string;
  readonly mimetype: string;
  readonly filetype: string;
  readonly pretty_type: string;
  readonly mode: 'snippet' | 'hosted';
  readonly user: string;
  readonly size: number;
  readonly url_private: string;
  readonly url_private_download: string;
  readonly permalink: string;
  readonly alt_txt?: string | undefined;
  /** Ours: the bytes; absent until they were uploaded. */
  readonly bytes?: Buffer | undefined;
  /** Ours: the one-time secret of the upload address. */
  readonly uploadKey: string;
}

export type StateValues = Readonly<Record<string, Readonly<Record<string, object>>>>;

export interface View {
  readonly id: string;
  readonly team_id: string;
  readonly type: 'modal' | 'home';
  readonly title?: PlainText | undefined;
  readonly submit?: PlainText | null | undefined;
  readonly close?: PlainText | null | undefined;
  readonly blocks: readonly Block[];
  readonly private_metadata: string;
  readonly callback_id: string;
  readonly external_id: string;
  readonly state: { readonly values: StateValues };
  readonly hash: string;
  readonly clear_on_close: boolean;
  readonly notify_on_close: boolean;
  readonly root_view_id: string;
  readonly previous_view_id: string | null;
  readonly app_id: string;
  readonly app_installed_team_id: string;
  readonly bot_id: string;
  /** Ours: who has it open. */
  readonly user: string;
}

export interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  readonly emoji?: boolean | undefined;
}

/** A message as Slack sends it: without what is ours, with metadata only where it was asked for. */
export function onWire(message: Message, { withMetadata = false } = {}): object {
  const { channel: _, ephemeralFor: __, isBroadcast: ___, metadata, files, ...rest } = message;
  return {
    ...rest,
    ...(files ? { files: files.map(fileOnWire) } : {}),
    ...(withMetadata && metadata ? { metadata } : {}),
  };
}

export function fileOnWire(file: SlackFile): object {
  const { bytes, uploadKey: _, ...rest } = file;
  const isText = file.mode === 'snippet';
  return { ...rest, ...(isText && bytes ? { preview: bytes.toString().slice(0, 400) } : {}) };
}

export function viewOnWire(view: View): object {
  const { user: _, ...rest } = view;
  return rest;
}
