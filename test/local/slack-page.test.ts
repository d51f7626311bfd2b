import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { markdown } from '../../local/slack/page/markdown.ts';
import { mrkdwn } from '../../local/slack/page/mrkdwn.ts';
import { refuseBesideRealTokens } from '../../local/slack/real-tokens.ts';
import { startSlack } from '../../local/slack/server.ts';
import type { Slack } from '../../local/slack/slack.ts';
import { Workspace } from '../../local/slack/workspace.ts';
import { seed } from '../helpers/local/slack-seed.ts';

const workspace = new Workspace(seed, Date.now);
const draw = (text: string) => mrkdwn(text, { workspace, as: 'U0ALICE01' }).text;

describe('markup of messages', () => {
  it.each([
    ['*bold* _italic_ ~struck~', '<strong>bold</strong> <em>italic</em> <s>struck</s>'],
    ['2*3*4 snake_case_name', '2*3*4 snake_case_name'],
    ['`*code*`', '<code>*code*</code>'],
    ['a &lt;b&gt; &amp; c', 'a &lt;b&gt; &amp; c'],
    ['one\ntwo', 'one<br>two'],
    ['<@U0ALICE01>', '<span class="mention mine">@alice</span>'],
    ['<@U0NOBODY>', '<span class="mention">@U0NOBODY</span>'],
    ['<!subteam^S0APPROVE>', '<span class="mention">@image-approvers</span>'],
    ['<javascript:alert(1)|click>', 'click'],
  ])('%s', (text, expected) => {
    expect(draw(text)).toBe(expected);
  });

  it('makes links of addresses, named or bare', () => {
    expect(draw('<https://example.org/a|here>')).toContain('href="https://example.org/a"');
    expect(draw('see https://example.org/a.')).toMatch(/>https:\/\/example.org\/a<\/a>\.$/);
  });

  it('reads dates', () => {
    expect(draw('<!date^1700000000^{date_num}|then>')).toContain('>2023-11-14</time>');
  });

  const tags =
    /<(?!\/?(strong|em|s|code|pre|br|p|ul|ol|li|hr|a|span|time|blockquote|div|svg|path|circle|rect|table|thead|tbody|tr|th|td)\b)/;
  const hostile = fc.array(
    fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '&',
      '*',
      '_',
      '~',
      '`',
      '```',
      '\n',
      '|',
      '@',
      '!',
      'x',
      ' ',
      '<script>',
      'javascript:',
      'https://e.org/',
      'onerror=',
      '[',
      '](',
      ')',
      '# ',
      '- ',
      ':x:',
      '\u{E000}0\u{E001}',
      '&lt;',
      '<@U0ALICE01>',
    ),
    { maxLength: 30 },
  );

  it.each([
    ['mrkdwn', draw],
    ['markdown', (text: string) => markdown(text).text],
  ])('%s lets nothing through that is not its own', (_, render) => {
    fc.assert(
      fc.property(hostile, (parts) => {
        const out = render(parts.join(''));
        expect(out).not.toMatch(tags);
        expect(out).not.toMatch(/<[^>]*\s(on\w+|href="(?!https?:|mailto:))[^>]*>/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('draws what Markdown has', () => {
    const out = markdown('# Title\n\n- **one**\n- `two`\n\n| a | b |\n| - | - |\n| 1 | 2 |').text;
    expect(out).toContain('<p class="heading">Title</p>');
    expect(out).toContain('<li><strong>one</strong></li><li><code>two</code></li>');
    expect(out).toContain('<td>2</td>');
  });
});

describe('the page’s own requests', () => {
  let slack: Slack;
  beforeAll(async () => {
    slack = await startSlack(seed);
  });
  afterAll(() => slack.stop());

  const act = (headers: Record<string, string>) =>
    fetch(`${slack.url}/page/act`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ do: 'write', as: 'U0ALICE01', channel: slack.channel, text: 'Hi' }),
    });

  it('come from the page itself, not from another site open beside it', async () => {
    const type = { 'content-type': 'application/json' };
    expect((await act({ ...type, origin: 'https://evil.example' })).status).toBe(403);
    expect((await act({ 'content-type': 'text/plain', origin: slack.url })).status).toBe(403);
    expect((await act(type)).status).toBe(403);
    expect(slack.messages()).toHaveLength(0);
    expect((await act({ ...type, origin: slack.url })).status).toBe(200);
    expect(slack.messages()).toHaveLength(1);
  });

  it('find nothing outside of the page’s folder', async () => {
    for (const path of ['/page/../server.ts', '/page/%2e%2e/server.ts', '/page/files/F0/x'])
      expect((await fetch(slack.url + path)).status).toBe(404);
  });

  it('bring no code but the page’s own', async () => {
    const policy = (await fetch(slack.url)).headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
  });
});

describe('beside real tokens', () => {
  it.each([{ SLACK_BOT_TOKEN: 'xoxb-123-secret' }, { SLACK_APP_TOKEN: 'xapp-1-secret' }])(
    'the stand-ins refuse to start: %j',
    (env) => {
      expect(() => refuseBesideRealTokens(env)).toThrow(
        /is set: the local workspace does not start/,
      );
      expect(() => refuseBesideRealTokens(env)).not.toThrow(/secret/);
    },
  );

  it('they start without any, and with their own', async () => {
    const slack = await startSlack(seed);
    refuseBesideRealTokens({});
    refuseBesideRealTokens({ SLACK_BOT_TOKEN: slack.botToken, SLACK_APP_TOKEN: slack.appToken });
    await slack.stop();
  });
});
