import { expect, it } from 'vitest';
import { PromotionError, refuse } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { createLogging } from '../../src/service/log.ts';

const password = 'canary/pa+ss"wörd=1';

function logged(write: (logging: ReturnType<typeof createLogging>) => void): string {
  const lines: string[] = [];
  const logging = createLogging('debug', (line) => void lines.push(line));
  logging.secrets.addCredentials({ username: 'robot', password: new Secret(password) });
  write(logging);
  return lines.join('');
}

const bytes = Buffer.from(password);
const forms: Readonly<Record<string, string>> = {
  plain: password,
  'in JSON': JSON.stringify({ password }),
  'in a URL': `https://robot:${encodeURIComponent(password)}@registry.example/`,
  'as base64': bytes.toString('base64'),
  'as base64url': bytes.toString('base64url'),
  'as hex': bytes.toString('hex'),
  'in a Basic header': `Basic ${Buffer.from(`robot:${password}`).toString('base64')}`,
};

it.each(Object.entries(forms))('takes a known secret out of a line: %s', (_, form) => {
  const text = logged(({ log }) => {
    log('info', `said ${form}`, { nested: { deep: [form] }, error: new Error(form) });
    log('warn', 'thrown', {
      error: new PromotionError(refuse('registry-failed', { what: form, status: '500' }), {
        cause: new Error(form),
      }),
    });
  });
  expect(text).toContain('said ');
  expect(text).not.toContain(form);
  expect(text).not.toContain(password);
  expect(text).not.toContain(bytes.toString('base64').slice(0, 20));
});

it('logs no property that a client hung on an error', () => {
  const error = Object.assign(new Error('request failed'), {
    request: { authorization: 'Bearer abcdef123456' },
  });
  expect(logged(({ log }) => log('error', 'x', { error }))).not.toContain('abcdef123456');
});

it('keeps a line one line, whatever it holds', () => {
  const text = logged(({ log }) => log('info', 'first\nsecond\u001b[31m', { fact: 'a\r\nb' }));
  expect(text.trimEnd().split('\n')).toHaveLength(1);
  expect(text).not.toContain('\u001b');
});

it('prints a secret as [secret] in every way that a value is printed', () => {
  const secret = new Secret('hunter2');
  expect(`${secret} ${JSON.stringify({ secret })} ${String(secret)}`).not.toContain('hunter2');
});
