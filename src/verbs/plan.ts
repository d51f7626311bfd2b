import { canonicalHash } from '../domain/canonical.ts';
import { promotableImage, parseBuild, tagProblem } from '../flow/command.ts';
import { connectWorld } from '../composition.ts';
import { isRefusal, PromotionError, refuse } from '../domain/errors.ts';
import type { Image } from '../domain/image.ts';
import { makePlan, type PlanPorts } from '../flow/planning.ts';
import type { Ledger } from '../ports.ts';
import { nothingPublished, publishedIn } from '../flow/published.ts';
import { TaskId } from '../domain/reference.ts';
import type { Config } from '../service/load-config.ts';
import { openStore } from '../store/store.ts';
import { Usage, type Verb } from './verb.ts';

const usage = 'plan <image> <build> [--tag X]';

/** Prints the plan as JSON and does nothing. */
export const plan: Verb = async ({ args, config, env, print, now }) => {
  const { name, word, tag } = readWords(args);
  const { policy, environment } = await config();
  const image = promotableImage(name, policy);
  if (isRefusal(image)) throw new PromotionError(image);
  const build = parseBuild(word, image, policy.taskcluster.rootUrl);
  if (isRefusal(build)) throw new PromotionError(build);
  if (tag !== undefined) assertTag(tag, image, word);
  const world = connectWorld({ policy, environment, env, now });
  const signal = new AbortController().signal;
  const made = await withOwnKnowledge({ policy, environment, now }, (own) => {
    const planning = { image, policy, ports: { ...world, ...own }, signal, now };
    return makePlan({ image: image.name, build, tag }, planning);
  });
  if (isRefusal(made)) throw new PromotionError(made);
  print(JSON.stringify({ ...made, planHash: canonicalHash(made) }, undefined, 2));
};

/** A third word is no tag: as in Slack's line, a tag is what is named so. */
function readWords(args: readonly string[]) {
  const at = args.indexOf('--tag');
  const tag = at < 0 ? undefined : args[at + 1];
  const [name, word, ...more] = at < 0 ? args : args.toSpliced(at, 2);
  if (name === undefined || word === undefined) throw new Usage(usage);
  if ([name, word, ...more].some(isOption) || (at >= 0 && tag === undefined))
    throw new Usage(usage);
  if (more.length === 1 && tag === undefined)
    throw new Usage(`plan ${name} ${word} --tag ${more[0]}`);
  if (more.length > 0) throw new Usage(usage);
  return { name, word, tag };
}

/** One taskId in 64 begins with a hyphen, and there is no other option that it could be taken for. */
function isOption(word: string): boolean {
  return word.startsWith('-') && !TaskId.safeParse(word).success;
}

function assertTag(tag: string, image: Image, build: string): void {
  const problem = tagProblem(tag, image);
  if (problem === undefined) return;
  throw new PromotionError(
    refuse('bad-tag', { tag, problem, example: `plan ${image.name} ${build}` }),
  );
}

/** What the bot's database knows of layers and digests; nothing where there is none yet. Only read. */
async function withOwnKnowledge<T>(
  { policy, environment, now }: Config & { readonly now: () => Date },
  work: (own: Pick<PlanPorts, 'ledger' | 'published'>) => Promise<T>,
): Promise<T> {
  const { DATABASE_URL: url, AUDIT_KEY: key } = environment;
  const store = await openStore(url.reveal(), { now, access: 'read', key }).catch(
    (error: unknown) => {
      if (error instanceof PromotionError && /^(database|audit|log)-/.test(error.reason))
        return undefined;
      throw error;
    },
  );
  const find: Ledger['find'] = async (diffIds) => (await store?.ledger.find(diffIds)) ?? [];
  const published = store ? publishedIn(store, policy.registry.url) : nothingPublished;
  try {
    return await work({ ledger: { find, add: () => Promise.resolve() }, published });
  } finally {
    await store?.close();
  }
}
