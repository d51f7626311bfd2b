import { registerHooks } from 'node:module';

interface Guard {
  /** What the bot no longer does. */
  readonly without: string;
  readonly changes: readonly {
    readonly file: string;
    readonly from: string;
    readonly to: string;
  }[];
}

/** Bots with one guard taken out, which the harness must find out. The texts are those of the source. */
export const guards: Readonly<Record<string, Guard>> = {
  'looks before it repeats': {
    without: 'looking for a message in the channel before it is posted again',
    changes: [
      {
        file: 'src/slack/posts.ts',
        from: 'queued.attempts > 0 ? await lookedUp(queued, sender) : undefined',
        to: 'undefined',
      },
    ],
  },
  'keeps posts until Slack has them': {
    without: 'keeping a post until Slack has it',
    changes: [
      {
        file: 'src/slack/delivery.ts',
        from: 'const sent = await sendPost(',
        to: `await store.outbox.sent(queued.id, { channel: options.channel, ts: '' });
             const sent = await sendPost(`,
      },
    ],
  },
  'takes a delivery once': {
    without: 'telling a delivery that came again from a new one',
    changes: [
      { file: 'src/store/record.ts', from: 'return row !== undefined;', to: 'return false;' },
      {
        file: 'src/store/record.ts',
        from: `insertInto('inbox').values({ key: envelope, at })`,
        to: `insertInto('inbox').values({ key: envelope + Math.random(), at })`,
      },
    ],
  },
  'sees what is published': {
    without: 'looking at the tag before the push, with layers that compress differently each time',
    changes: [
      {
        file: 'src/registry/push.ts',
        from: `now.state === 'holds'`,
        to: `now.state === 'never'`,
      },
      {
        file: 'src/registry/tag.ts',
        from: `now.state !== 'holds'`,
        to: `now.state !== 'never'`,
      },
      {
        file: 'src/registry/manifest.ts',
        from: '    schemaVersion: 2,',
        to: '    schemaVersion: 2, annotations: { again: String(Math.random()) },',
      },
    ],
  },
  'tells of what is in the log': {
    without: 'anchoring a message in the event that it tells of',
    changes: [
      {
        file: 'src/store/record.ts',
        from: 'const anchor: Anchor = { seq, hash };',
        to: 'const anchor: Anchor = { seq: seq - 1, hash };',
      },
    ],
  },
};

/** Takes a guard out of the source as it is loaded. Fails where the source no longer has it. */
export function breakGuard(name: string): void {
  const changes = guards[name]?.changes;
  if (!changes) throw new Error(`There is no guard “${name}”`);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const here = changes.filter(({ file }) => url.endsWith(`/${file}`));
      if (here.length === 0) return loaded;
      let source = Buffer.from(loaded.source as Uint8Array).toString();
      for (const { file, from, to } of here) {
        if (!source.includes(from)) throw new Error(`${file} has no “${from}”`);
        source = source.replace(from, to);
      }
      return { ...loaded, source };
    },
  });
}
