import { z } from 'zod';

const day = 24 * 60 * 60 * 1000;
const units = { s: 1000, m: 60_000, h: 3_600_000, d: day } as const;

/** `90s`, `30m`, `24h`, `7d` → milliseconds; from a second to thirty days. */
export const duration = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhd]$/, 'is not a time such as 30m, 24h or 7d')
  .transform((value) => Number(value.slice(0, -1)) * units[value.at(-1) as keyof typeof units])
  .refine((ms) => ms <= 30 * day, 'is longer than 30d');

export const gibibyte = 1024 ** 3;
export const bytes = z.int().min(1);

/** What the bot takes on at most: `limits` of the policy. Nobody who works with it reaches a default. */
export const limitsSchema = z
  .strictObject({
    artifact: bytes.default(8 * gibibyte),
    unpacked: bytes.default(32 * gibibyte),
    /** Processor time that reading an archive may take. */
    processor: duration.default(10 * 60_000),
    /** Bytes a second that a download must give, over each minute in which it is waited for. */
    downloadRate: bytes.default(64 * 1024),
    /** Requests under way at once, of one person and in all. */
    requestsOfOne: z.int().positive().default(20),
    requests: z.int().positive().default(100),
    /** How often one person may ask for something that costs (a promotion, a retry, `check`, `repin`) within that time. */
    asksOfOne: z.int().positive().default(30),
    asksWithin: duration.default(10 * 60_000),
  })
  .prefault({});
