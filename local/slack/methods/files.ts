import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ApiError } from '../api-error.ts';
import type { Call, Method } from '../method.ts';
import { post, writableChannel } from '../posting.ts';
import { fileOnWire, type SlackFile } from '../things.ts';
import { newId } from '../workspace.ts';

const write = ['files:write'];

/** `files.*`: the three steps of an upload (the second is a POST to the address given out) and reading back. */
export const files: Readonly<Record<string, Method>> = {
  'files.getUploadURLExternal': { scopes: write, answer: getUploadUrl },
  'files.completeUploadExternal': { scopes: write, answer: completeUpload },
  'files.info': { scopes: ['files:read'], answer: info },
};

const textTypes: Readonly<Record<string, string>> = {
  diff: 'Diff',
  patch: 'Diff',
  json: 'JSON',
  yaml: 'YAML',
  yml: 'YAML',
  txt: 'Plain Text',
  md: 'Markdown',
  log: 'Plain Text',
};

function getUploadUrl({ workspace, args, origin }: Call): object {
  const name = args.text('filename');
  const size = Number(args.text('length'));
  if (!Number.isInteger(size) || size < 1) throw new ApiError('invalid_arguments');
  const id = newId('F');
  const uploadKey = randomBytes(18).toString('base64url');
  const extension = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  const type = args.maybe('snippet_type') ?? extension;
  const pretty = textTypes[type];
  const download = `${origin}/files-pri/${workspace.seed.team.id}-${id}/${encodeURIComponent(name)}`;
  workspace.files.set(id, {
    id,
    created: Math.floor(workspace.now() / 1000),
    name,
    title: name,
    mimetype: pretty ? 'text/plain' : 'application/octet-stream',
    filetype: type === 'patch' ? 'diff' : type || 'binary',
    pretty_type: pretty ?? 'Binary',
    mode: pretty ? 'snippet' : 'hosted',
    user: workspace.seed.bot.user,
    size,
    url_private: download,
    url_private_download: `${download}?download=1`,
    permalink: `${origin}/files/${workspace.seed.bot.user}/${id}/${encodeURIComponent(name)}`,
    alt_txt: args.maybe('alt_text') ?? args.maybe('alt_txt'),
    uploadKey,
  });
  return { upload_url: `${origin}/upload/v1/${id}/${uploadKey}`, file_id: id };
}

const uploaded = z.array(z.looseObject({ id: z.string(), title: z.string().optional() })).min(1);

function completeUpload({ workspace, args }: Call): object {
  const wanted = uploaded.safeParse(args.structure('files'));
  if (!wanted.success) throw new ApiError('invalid_arguments');
  const target = args.maybe('channel_id');
  const channel = target ? writableChannel(workspace, target) : undefined;
  const thread = args.maybe('thread_ts');
  if (channel && thread && !workspace.message(channel.id, thread))
    throw new ApiError('invalid_thread_ts');
  const complete = wanted.data.map(({ id, title }): SlackFile => {
    const file = workspace.files.get(id);
    if (!file?.bytes) throw new ApiError('file_not_found');
    return { ...file, title: title ?? file.name };
  });
  for (const file of complete) workspace.files.set(file.id, file);
  if (channel)
    post(
      workspace,
      { channel: channel.id, user: workspace.seed.bot.user, thread },
      { text: args.maybe('initial_comment') ?? '', files: complete },
    );
  return { files: complete.map(fileOnWire) };
}

function info({ workspace, args }: Call): object {
  const file = workspace.files.get(args.text('file'));
  if (!file) throw new ApiError('file_not_found');
  const content = file.mode === 'snippet' ? { content: file.bytes?.toString() } : {};
  return { file: fileOnWire(file), ...content };
}
