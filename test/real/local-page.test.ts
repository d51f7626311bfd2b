import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorkspace, type Workspace } from '../../local/workspace.ts';
import { launchChromium, sizes } from '../helpers/real/chromium.ts';

let folder: string;
let browser: Browser;

beforeAll(async () => {
  folder = process.env['SCREENSHOTS'] ?? (await mkdtemp(join(tmpdir(), 'local-page-')));
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  if (!process.env['SCREENSHOTS']) await rm(folder, { recursive: true, force: true });
});

async function become(page: Page, name: RegExp) {
  const menu = page.getByRole('button', { name: 'Channels and people' });
  if (await menu.isVisible()) await menu.click();
  await page.getByRole('region', { name: 'You are' }).getByRole('button', { name }).click();
  await page.getByRole('button', { name, pressed: true }).waitFor({ state: 'attached' });
}

async function type(page: Page, line: string) {
  const box = page.getByRole('textbox', { name: 'Message' });
  await box.fill(line);
  await box.press('Enter');
}

describe.each(Object.keys(sizes) as (keyof typeof sizes)[])(
  'the local workspace with the real bot, on a %s',
  (size) => {
    let workspace: Workspace;

    beforeAll(async () => {
      workspace = await startWorkspace();
      await workspace.startBot();
    });
    afterAll(() => workspace?.close());

    it('refuses the requester’s own click and publishes after somebody else’s', async () => {
      const context = await browser.newContext({ viewport: sizes[size] });
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      let shots = 0;
      const shoot = async (name: string) => {
        await page.waitForTimeout(300);
        await page.screenshot({ path: join(folder, `bot-${size}-${(shots += 1)}-${name}.png`) });
      };
      await page.goto(workspace.slack.url);
      await become(page, /Alice/);
      await shoot('welcome');
      await type(page, '/promote-image build-desicion latest');
      await page.getByText('There is no image').waitFor();
      await shoot('wrong-line');
      await type(page, `/promote-image build-decision ${workspace.builds.level1.taskId}`);
      await page.getByText('Only a level-3 build can be promoted').waitFor();
      await type(page, '/promote-image build-decision latest because the hooks need it');
      const card = page.getByRole('article').filter({ hasText: 'build-decision → bd900d7a313c' });
      await card.getByRole('button', { name: 'Approve' }).waitFor();
      await shoot('card');

      const dialog = page.getByRole('dialog');
      await card.getByRole('button', { name: 'Approve' }).click();
      await dialog.getByRole('button', { name: 'Approve' }).click();
      await page.getByText('so a second person must approve it').waitFor();
      await shoot('own-click');

      await become(page, /Bob Brandt(?! \(admin)/);
      await card.getByRole('button', { name: 'Details' }).click();
      await dialog.getByText('Plan hash').waitFor();
      // What was proven is told line by line.
      expect(await dialog.innerText()).toMatch(/^✓ run 0 is .+\n✓ it ran in worker pool/m);
      await shoot('details');
      await page.keyboard.press('Escape');
      await card.getByRole('button', { name: 'Approve' }).click();
      await shoot('confirm');
      await dialog.getByRole('button', { name: 'Approve' }).click();
      await card
        .getByText(/^Published/)
        .first()
        .waitFor();
      await shoot('published');
      await page
        .getByRole('button', { name: /\d+ repl/ })
        .first()
        .click();
      const thread = page.getByRole('complementary', { name: 'Thread' });
      await thread.getByText('.patch').first().waitFor();
      await thread
        .getByText(/@sha256:[0-9a-f]{64}/)
        .first()
        .waitFor();
      await shoot('thread');
      expect(errors).toEqual([]);
      await context.close();
    });
  },
);
