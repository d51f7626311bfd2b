import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, LogLevel } from '@slack/bolt';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startSlack } from '../../local/slack/server.ts';
import type { Slack } from '../../local/slack/slack.ts';
import { tinyBot } from '../helpers/local/slack-bot.ts';
import { seed } from '../helpers/local/slack-seed.ts';
import { launchChromium, sizes } from '../helpers/real/chromium.ts';

let folder: string;
let browser: Browser;
let slack: Slack;
let app: App;

beforeAll(async () => {
  folder = process.env['SCREENSHOTS'] || (await mkdtemp(join(tmpdir(), 'slack-page-')));
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  if (!process.env['SCREENSHOTS']) await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  slack = await startSlack(seed);
  app = new App({
    token: slack.botToken,
    appToken: slack.appToken,
    socketMode: true,
    logLevel: LogLevel.ERROR,
    clientOptions: { slackApiUrl: slack.apiUrl },
  });
  tinyBot(app);
  await app.start();
  await slack.until(() => slack.connections > 0);
});

afterEach(async () => {
  await app.stop();
  await slack.stop();
});

/** A page of one size, which fails the test at the first error of its own. */
async function open(size: keyof typeof sizes, scheme: 'light' | 'dark' = 'light') {
  const context = await browser.newContext({ viewport: sizes[size], colorScheme: scheme });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (line) => line.type() === 'error' && errors.push(line.text()));
  page.setDefaultTimeout(8_000);
  await page.goto(slack.url);
  await page.getByRole('heading', { name: '#release' }).waitFor();
  let shots = 0;
  const shoot = (name: string) =>
    page.screenshot({ path: join(folder, `${size}-${scheme}-${(shots += 1)}-${name}.png`) });
  return { page, errors, shoot };
}

async function become(page: Page, name: string) {
  const menu = page.getByRole('button', { name: 'Channels and people' });
  if (await menu.isVisible()) await menu.click();
  await page.getByRole('region', { name: 'You are' }).getByRole('button', { name }).click();
  const chosen = page.getByRole('button', { name, pressed: true });
  await chosen.waitFor({ state: 'attached' });
}

async function type(page: Page, line: string) {
  const box = page.getByRole('textbox', { name: 'Message' });
  await box.fill(line);
  await box.press('Enter');
}

describe.each(Object.keys(sizes) as (keyof typeof sizes)[])('the page on a %s', (size) => {
  it('takes an image from the question to the patch, with two people', async () => {
    const { page, errors, shoot } = await open(size);
    await shoot('welcome');
    await page.getByRole('textbox', { name: 'Message' }).fill('/pro');
    await page.getByText('Publish a container image').waitFor();
    await type(page, '/promote-image nonsense');
    const refusal = page.getByRole('article').filter({ hasText: 'Only visible to you' });
    await refusal.getByText('There is no image nonsense').waitFor();
    await type(page, '/promote-image build-decision latest because of CVE-2026-1234');
    const card = page.getByRole('article').filter({ hasText: 'Approve' });
    await card.getByRole('button', { name: 'Approve' }).waitFor();
    await shoot('card');

    await card.getByRole('button', { name: 'Approve' }).click();
    const ask = page.getByRole('dialog');
    await ask.getByText('Publish build-decision?').waitFor();
    await shoot('confirm');
    await ask.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('somebody else has to approve').waitFor();

    await become(page, 'Bob Brandt Approver');
    expect(await refusal.count(), 'Bob sees what only Alice may see').toBe(0);
    await card.getByRole('button', { name: 'Approve' }).click();
    await ask.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Published by').first().waitFor();
    const line = page.getByRole('button', { name: /\d replies/ });
    await line.getByText('new').waitFor();
    await shoot('published');
    await line.click();
    const thread = page.getByRole('complementary', { name: 'Thread' });
    await thread.getByText('build-decision.patch').waitFor();
    await thread.getByText('+    image: mozillareleases').first().waitFor();
    await shoot('thread');
    const download = page.waitForEvent('download');
    await thread.getByRole('link', { name: /Download/ }).click();
    expect((await download).suggestedFilename()).toBe('build-decision.patch');
    await page.keyboard.press('Escape');
    await thread.waitFor({ state: 'hidden' });
    expect(errors).toEqual([]);
  });

  it('fills a modal with the keyboard, is told what is wrong, and corrects it', async () => {
    const { page, errors, shoot } = await open(size, 'dark');
    await type(page, '/promote-image');
    const modal = page.getByRole('dialog', { name: 'Promote an image' });
    await modal.waitFor();
    await modal.getByRole('combobox', { name: 'Image' }).selectOption('decision');
    await page.keyboard.press('Tab');
    await page.keyboard.type('yesterday');
    await page.keyboard.press('Enter');
    await modal.getByText('is neither a commit, a task nor latest').waitFor();
    await shoot('modal');
    const build = modal.getByRole('textbox', { name: 'Build' });
    expect(await build.inputValue()).toBe('yesterday');
    await build.fill('latest');
    await page.keyboard.press('Enter');
    await modal.waitFor({ state: 'hidden' });
    await page.getByText('wants to publish').waitFor();
    await shoot('dark-card');

    await page.getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('dialog', { name: 'Reject' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Reject' }).waitFor({ state: 'hidden' });
    expect(slack.views('U0ALICE01')).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('shows the App Home that the app publishes for each person', async () => {
    const { page, errors, shoot } = await open(size);
    const menu = page.getByRole('button', { name: 'Channels and people' });
    if (await menu.isVisible()) {
      await menu.click();
      await page.waitForTimeout(250);
      await shoot('menu');
    }
    await page.getByRole('button', { name: 'promote-image · home' }).click();
    await page.getByText('Nothing waits for you').waitFor();
    await shoot('home');
    expect(errors).toEqual([]);
  });

  it('never runs what somebody wrote', async () => {
    const { page, errors } = await open(size);
    const attack = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
    slack.as('U0BOB0001').say(`${attack} *${attack}* \`${attack}\` <javascript:alert(1)|click me>`);
    await page.getByText('click me').waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.getByRole('link', { name: 'click me' }).count()).toBe(0);
    expect(errors).toEqual([]);
  });
});
