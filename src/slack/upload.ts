import type { WebClient } from '@slack/web-api';

/**
 * Puts a text file into a channel, or into a thread of it. `last` is asked right before people see it, and may throw.
 * Throws Slack's errors, and an Error where the upload itself fails. @see https://docs.slack.dev/messaging/working-with-files#upload
 */
export async function upload(
  file: { readonly name: string; readonly content: string; readonly last: () => void },
  place: { readonly channel: string; readonly ts?: string },
  client: WebClient,
): Promise<void> {
  const bytes = Buffer.from(file.content);
  const slot = await client.files.getUploadURLExternal({
    filename: file.name,
    length: bytes.length,
  });
  if (!slot.upload_url || !slot.file_id) throw new Error('Slack gave no place to upload to');
  const uploaded = await fetch(slot.upload_url, {
    method: 'POST',
    body: bytes,
    headers: { 'content-type': 'application/octet-stream' },
    redirect: 'error',
    signal: AbortSignal.timeout(30_000),
  });
  if (!uploaded.ok) throw new Error(`Slack answered an upload with ${uploaded.status}`);
  file.last();
  await client.files.completeUploadExternal({
    files: [{ id: slot.file_id, title: file.name }],
    channel_id: place.channel,
    ...(place.ts === undefined ? {} : { thread_ts: place.ts }),
  } as Parameters<WebClient['files']['completeUploadExternal']>[0]);
}
