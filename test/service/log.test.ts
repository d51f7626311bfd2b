import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PromotionError, refuse } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createLogging } from '../../src/service/log.ts';

const password = 'pä "ss\\word/+%&';

function logging(level = 'debug') {
  const lines: string[] = [];
  const made = createLogging(level, (line) => lines.push(line));
  made.secrets.addCredentials({ username: 'user', password: new Secret(password) });
  return { ...made, lines };
}

describe('the log', () => {
  it('is one JSON object a line, with what happened and where', () => {
    const { log, lines } = logging();
    log('warn', 'one\nline', { promotion: 'p1', reason: 'tag-taken' });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 40,
      msg: 'one\nline',
      promotion: 'p1',
      reason: 'tag-taken',
    });
    expect(lines[0]?.trimEnd()).not.toContain('\n');
  });

  it.each([
    ['a message', (text: string) => [text, {}]],
    ['a fact', (text: string) => ['x', { a: { b: { c: [text] } } }]],
    ['a key', (text: string) => ['x', { [text]: 1 }]],
    ['an error', (text: string) => ['x', { error: new Error(`failed with ${text}`) }]],
    [
      'an error’s cause',
      (text: string) => ['x', { error: new Error('a', { cause: new Error(text) }) }],
    ],
    [
      'a header',
      (text: string) => [
        'x',
        { authorization: `Basic ${Buffer.from(`user:${text}`).toString('base64')}` },
      ],
    ],
    [
      'an address',
      (text: string) => ['x', { url: `https://user:${encodeURIComponent(text)}@host/` }],
    ],
    ['base64', (text: string) => ['x', { data: Buffer.from(text).toString('base64') }]],
    ['base64url', (text: string) => ['x', { data: Buffer.from(text).toString('base64url') }]],
    ['hex', (text: string) => ['x', { data: Buffer.from(text).toString('hex') }]],
  ] as const)('never holds a secret that it knows: in %s', (_, leak) => {
    const { log, lines } = logging();
    const [message, facts] = leak(password) as [string, object];
    log('error', message, facts);
    const line = lines.join('');
    for (const form of [
      password,
      JSON.stringify(password).slice(1, -1),
      encodeURIComponent(password),
    ])
      expect(line).not.toContain(form);
    for (const kind of ['base64', 'base64url', 'hex'] as const)
      expect(line).not.toContain(Buffer.from(password).toString(kind).replace(/=+$/, ''));
    expect(line).toContain('[secret]');
  });

  it('keeps secrets that are written as such out, known or not', () => {
    const { log, lines } = logging();
    log('info', 'x', {
      token: new Secret('nobody told the sink'),
      credentials: { password: new Secret('either') },
    });
    expect(lines.join('')).not.toMatch(/nobody told|either/);
  });

  it('leaves out what clients hang on their errors', () => {
    const { log, lines } = logging();
    const error = Object.assign(new Error('refused'), {
      request: { headers: { authorization: 'x-secret-x' } },
    });
    log('error', 'x', { error });
    log('error', 'x', { error: 'a text x-secret-x' });
    expect(lines.join('')).not.toContain('x-secret-x');
    log('error', 'x', { error: new PromotionError(refuse('unknown-task', { task: 't' })) });
    expect(lines.at(-1)).toContain('"reason":"unknown-task"');
  });

  it('passes Slack’s own lines only from a warning on', () => {
    const { slackLogger, lines } = logging('info');
    slackLogger.debug('body with everything');
    slackLogger.info('connected');
    slackLogger.error('broken', new Error('why'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('broken why');
  });

  it('whatever the secret is made of, its text is in no line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 6, maxLength: 30 }), (text) => {
        const lines: string[] = [];
        const { log, secrets } = createLogging('info', (line) => lines.push(line));
        secrets.add(new Secret(text));
        log('info', `before ${text} after`, { deep: [{ text }] });
        const said = JSON.parse(lines[0] ?? '{}') as { msg: string; deep: [{ text: string }] };
        expect(said.msg).not.toContain(text);
        expect(said.deep[0].text).not.toContain(text);
      }),
    );
  });
});
