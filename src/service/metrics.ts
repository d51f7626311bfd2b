import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Store } from '../ports.ts';
import type { State } from '../states.ts';

const open: readonly State[] = ['asked', 'pending', 'approved', 'pushing', 'promoted', 'failed'];

/** Prometheus text. Labels are states only: no person, task or digest ever is one. */
export function createMetrics(store: Store): () => Promise<string> {
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
  return () => registry.metrics();
}
