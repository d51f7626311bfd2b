import type { App } from '@slack/bolt';

/** A small bot with the gestures of the real one: refuses a wrong line, asks a second person, reports in a thread. */
export function tinyBot(app: App): void {
  let requester = '';
  let cause = '';

  app.command('/promote-image', async ({ ack, body, client }) => {
    if (body.text === '') {
      await ack();
      await client.views.open({ trigger_id: body.trigger_id, view: form as never });
      return;
    }
    const [image, build, ...rest] = body.text.split(' ');
    if (image !== 'build-decision') {
      await ack(
        `:no_entry: There is no image \`${image}\`. Try \`/promote-image build-decision latest\`.`,
      );
      return;
    }
    await ack();
    requester = body.user_id;
    cause = rest.join(' ');
    await client.chat.postMessage(card(body.channel_id, requester, `${image} ${build}`, cause));
  });

  app.view('ask', async ({ ack, view, body, client }) => {
    const build = view.state.values['build']?.['build']?.value ?? '';
    if (build !== 'latest') {
      const problem = `“${build}” is neither a commit, a task nor latest.`;
      await ack({ response_action: 'errors', errors: { build: problem } });
      return;
    }
    await ack();
    requester = body.user.id;
    const image = view.state.values['image']?.['image']?.selected_option?.value ?? '';
    await client.chat.postMessage(card('C0RELEASE', requester, `${image} ${build}`, ''));
  });

  app.action('approve', async ({ ack, body, client }) => {
    await ack();
    if (body.type !== 'block_actions') return;
    const channel = body.channel?.id ?? '';
    const ts = body.message?.ts ?? '';
    if (body.user.id === requester) {
      const text = ':lock: You asked for this one: somebody else has to approve it.';
      await client.chat.postEphemeral({ channel, user: requester, text });
      return;
    }
    const done = card(channel, requester, 'build-decision latest', cause, body.user.id);
    await client.chat.update({ ...done, ts });
    await report(client, channel, ts);
  });

  app.action('reject', async ({ ack, body, client }) => {
    await ack();
    if (body.type !== 'block_actions') return;
    await client.views.open({ trigger_id: body.trigger_id, view: reasons as never });
  });

  app.event('app_home_opened', async ({ event, client }) => {
    await client.views.publish({ user_id: event.user, view: home as never });
  });
}

async function report(client: App['client'], channel: string, ts: string): Promise<void> {
  const say = (text: string) => client.chat.postMessage({ channel, thread_ts: ts, text });
  await say(':white_check_mark: The artifact is the one that was approved: `sha256:8f1e…`.');
  await say('Layer 3 of 7 · 212 of 660 MB sent · 48 MB/s');
  await say(
    ':package: *Published* as\n```\nmozillareleases/build-decision:bd900d7a313c@sha256:5f0c2b7e1d4a\n```',
  );
  await client.filesUploadV2({
    channel_id: channel,
    thread_ts: ts,
    filename: 'build-decision.patch',
    snippet_type: 'diff',
    initial_comment: 'Ready to land on fxci-config (`main` at `1f2e3d4`):',
    content: patch,
  });
}

const patch = `From 1f2e3d4 Mon Sep 17 00:00:00 2001
From: promote-image <promote-image@example.org>
Date: Mon, 23 Nov 2026 09:00:00 +0000
Subject: [PATCH] chore: update build-decision image in templates

---
 hooks/hg-push-template.yml | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

diff --git a/hooks/hg-push-template.yml b/hooks/hg-push-template.yml
index 0123456..789abcd 100644
--- a/hooks/hg-push-template.yml
+++ b/hooks/hg-push-template.yml
@@ -30,7 +30,7 @@ in:
     maxRunTime: 1800
-    image: mozillareleases/build-decision:47c8fa1b0d85@sha256:0f1e2d3c
+    image: mozillareleases/build-decision:bd900d7a313c@sha256:5f0c2b7e
     env:
       TASKCLUSTER_ROOT_URL: \${taskclusterRootUrl}
-- 
2.39.5
`;

const plain = (text: string) => ({ type: 'plain_text', text });
const mrkdwn = (text: string) => ({ type: 'mrkdwn', text });

function card(
  channel: string,
  requester: string,
  asked: string,
  ...[because = '', approver = '']: string[]
) {
  const facts = [
    mrkdwn('*Built by*\n<https://example.org/task|KJ1Fz0vbQyWq8GZ7H3T4dA>, run 0'),
    mrkdwn('*Commit*\n<https://example.org/commit|`bd900d7a313c`> on `fxci-config`'),
    mrkdwn('*Goes to*\n`mozillareleases/build-decision:bd900d7a313c`'),
    mrkdwn('*Under that tag now*\nnothing'),
  ];
  const proof = [
    ':white_check_mark: level-3 worker pool `releng-3/linux-docker`',
    ':white_check_mark: chain of trust signed by a known key',
    ':white_check_mark: artifact is what was signed (660 MB)',
    ':warning: Mercurial changes from 6.4.5 to 6.8.1: the checkout cache is renamed too',
  ];
  const head = approver
    ? `:rocket: *Published* by <@${requester}> and <@${approver}>`
    : `<@${requester}> wants to publish *${asked}*${because ? ` ${because}` : ''}`;
  return {
    channel,
    text: approver ? `Published by ${requester} and ${approver}` : `${requester} asks for ${asked}`,
    blocks: [
      { type: 'header', text: plain(asked.split(' ')[0] ?? '') },
      {
        type: 'section',
        text: mrkdwn(approver ? head.replace('Published* by', 'Published by*') : head),
      },
      { type: 'section', fields: facts },
      { type: 'section', text: mrkdwn(proof.join('\n')) },
      ...(approver ? [] : [decide]),
      {
        type: 'context',
        elements: [mrkdwn('plan `4be0…91cc` · audit 17 `a0c3…7f` · expires 24 Nov, 09:00')],
      },
    ],
  };
}

const decide = {
  type: 'actions',
  block_id: 'decide',
  elements: [
    {
      type: 'button',
      action_id: 'approve',
      style: 'primary',
      value: 'p1',
      text: plain('Approve'),
      confirm: {
        title: plain('Publish build-decision?'),
        text: mrkdwn(
          '`mozillareleases/build-decision:bd900d7a313c` will be on Docker Hub for good.',
        ),
        confirm: plain('Approve'),
        deny: plain('Not yet'),
      },
    },
    { type: 'button', action_id: 'reject', style: 'danger', value: 'p1', text: plain('Reject') },
    { type: 'button', action_id: 'details', value: 'p1', text: plain('Details') },
  ],
};

const option = (value: string) => ({ text: plain(value), value });

const form = {
  type: 'modal',
  callback_id: 'ask',
  title: plain('Promote an image'),
  submit: plain('Ask'),
  blocks: [
    {
      type: 'input',
      block_id: 'image',
      label: plain('Image'),
      element: {
        type: 'static_select',
        action_id: 'image',
        placeholder: plain('Choose an image'),
        options: ['image_builder', 'decision', 'build-decision'].map(option),
      },
    },
    {
      type: 'input',
      block_id: 'build',
      label: plain('Build'),
      hint: plain('A commit, a task id, a link, or latest'),
      element: { type: 'plain_text_input', action_id: 'build', placeholder: plain('latest') },
    },
    {
      type: 'input',
      block_id: 'because',
      optional: true,
      label: plain('Because'),
      element: { type: 'plain_text_input', action_id: 'because', multiline: true },
    },
  ],
};

const reasons = {
  type: 'modal',
  callback_id: 'reject',
  title: plain('Reject'),
  submit: plain('Reject'),
  blocks: [
    {
      type: 'input',
      block_id: 'why',
      label: plain('Why?'),
      element: { type: 'plain_text_input', action_id: 'why', multiline: true },
    },
  ],
};

const home = {
  type: 'home',
  blocks: [
    { type: 'header', text: plain('Your promotions') },
    { type: 'section', text: mrkdwn('Nothing waits for you. :tada:') },
    { type: 'divider' },
    { type: 'context', elements: [mrkdwn('Last: *build-decision* by <@U0BOB0001>, yesterday')] },
  ],
};
