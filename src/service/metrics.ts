import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Store } from '../store-port.ts';
import { open } from '../domain/states.ts';
import type { PostWatch } from '../slack/post-watch.ts';

/** Prometheus text. Labels are states only: no person, task or digest ever is one. */
export function createMetrics(store: Store, posts: PostWatch): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'promote_image_' });
  const gauge = new Gauge({
    name: 'promote_image_promotions_open',
    help: 'Promotions under way, by state',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      const counts = await store.count(open);
      for (const state of open) gauge.set({ state }, counts.get(state) ?? 0);
    },
  });
  countPosts(registry, store, posts);
  return () => registry.metrics();
}

/** What Slack does not have, and what it did not want. */
function countPosts(registry: Registry, { outbox }: Store, posts: PostWatch): void {
  const gauges = {
    promote_image_posts_waiting: ['Posts that Slack does not have yet', () => outbox.waiting()],
    promote_image_posts_refused_seconds: [
      'For how long Slack has refused the oldest of them',
      () => posts.oldest(),
    ],
  } as const;
  for (const [name, [help, look]] of Object.entries(gauges)) {
    const collect = async function (this: Gauge) {
      this.set(await look());
    };
    registry.registerMetric(new Gauge({ name, help, collect, registers: [] }));
  }
  const counters = {
    promote_image_posts_refused_total: ['Attempts that Slack did not take', 'refused'],
    promote_image_posts_given_up_total: ['Posts that Slack will never take', 'givenUp'],
  } as const;
  for (const [name, [help, which]] of Object.entries(counters)) {
    const collect = function (this: Counter) {
      this.reset();
      this.inc(posts.counts[which]);
    };
    registry.registerMetric(new Counter({ name, help, collect, registers: [] }));
  }
}
