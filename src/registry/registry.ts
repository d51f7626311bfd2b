import { PromotionError } from '../domain/errors.ts';
import type { TagState, Target } from '../domain/plan.ts';
import type { Registry } from '../ports.ts';
import type { Client } from './client.ts';
import { onErrand } from './errand.ts';
import { inspectImage } from './inspect.ts';
import { proven, readManifest } from './manifest.ts';
import { proveImage } from './prove-image.ts';
import { listTags } from './tags.ts';
import type { RegistryOptions } from './timing.ts';

/** Reads a registry of the OCI distribution spec, as nobody unless credentials are given. Nothing here writes. */
export function createRegistry(options: RegistryOptions): Registry {
  return {
    async look(target, credentials) {
      const subject = `${target.name}:${target.tag}`;
      try {
        return await onErrand(options, { subject, credentials }, (client) => look(client, target));
      } catch (error) {
        if (isPrivate(error)) return { state: 'unseen' };
        throw error;
      }
    },
    prove: (claim) =>
      onErrand(options, { subject: `${claim.name}@${claim.digest}` }, (client) =>
        proveImage(client, claim),
      ),
    inspect: (name, digest) =>
      onErrand(options, { subject: `${name}@${digest}` }, (client) =>
        inspectImage(client, name, digest),
      ),
    tags: (name) => onErrand(options, { subject: name }, (client) => listTags(client, name)),
  };
}

/** What the tag holds now: its own bytes’ digest, and whose image the manifest says that it is. Throws a PromotionError. */
export async function look(client: Client, { name, tag }: Target): Promise<TagState> {
  const found = await readManifest(client, name, tag);
  if (!found) return { state: 'free' };
  const { digest, image } = proven(found, `the manifest of ${name}:${tag}`);
  return { state: 'holds', digest, imageId: image?.config.digest };
}

function isPrivate(error: unknown): boolean {
  return error instanceof PromotionError && error.reason === 'registry-private';
}
