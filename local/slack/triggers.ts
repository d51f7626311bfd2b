import { randomBytes } from 'node:crypto';
import { ApiError } from './api-error.ts';

const triggerLife = 3_000;
const addressLife = 30 * 60_000;
const addressUses = 5;

/** Where a `response_url` leads: to the message that was clicked, or to the person who typed. */
export interface ResponseTarget {
  readonly user: string;
  readonly channel: string;
  /** The message that was clicked. */
  readonly ts?: string | undefined;
}

/** What Slack hands out with every interaction and takes back for a short time only. */
export class Triggers {
  readonly #now: () => number;
  readonly #triggers = new Map<string, { user: string; until: number; isUsed: boolean }>();
  readonly #addresses = new Map<string, { target: ResponseTarget; until: number; uses: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A `trigger_id`: for one view, within three seconds. */
  newTrigger(user: string): string {
    const id = `${this.#now()}.${randomBytes(12).toString('hex')}`;
    this.#triggers.set(id, { user, until: this.#now() + triggerLife, isUsed: false });
    return id;
  }

  /** Whose trigger it is. It can't be used again. */
  exchange(id: string): string {
    const trigger = this.#triggers.get(id);
    if (!trigger) throw new ApiError('invalid_trigger_id');
    if (trigger.isUsed) throw new ApiError('exchanged_trigger_id');
    if (this.#now() > trigger.until) throw new ApiError('expired_trigger_id');
    trigger.isUsed = true;
    return trigger.user;
  }

  /** The last part of a `response_url`: for five answers within thirty minutes. */
  newAddress(target: ResponseTarget): string {
    const key = randomBytes(18).toString('base64url');
    this.#addresses.set(key, { target, until: this.#now() + addressLife, uses: 0 });
    return key;
  }

  /** Uses an address once. */
  useAddress(key: string): ResponseTarget {
    const address = this.#addresses.get(key);
    if (!address) throw new ApiError('invalid_url');
    if (this.#now() > address.until) throw new ApiError('expired_url');
    if (address.uses >= addressUses) throw new ApiError('used_url');
    address.uses += 1;
    return address.target;
  }
}
