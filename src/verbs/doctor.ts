import { refuseAdmission, unseen } from '../slack/admission.ts';
import { lookAtChannel } from '../slack/channel.ts';
import { createClient } from '../slack/client.ts';
import { buildsOptions, connectWorld, secretsOptions } from '../composition.ts';
import { explain, isRefusal, orRefusal, PromotionError } from '../domain/errors.ts';
import { sourceUrl, type BuildPolicy } from '../domain/image.ts';
import type { Registry } from '../ports.ts';
import { createLogging } from '../service/log.ts';
import { checkSops } from '../sops/secrets.ts';
import type { Source } from '../taskcluster/artifact.ts';
import { sourceOf } from '../taskcluster/builds.ts';
import { tryRights } from '../taskcluster/rights.ts';
import { openStore } from '../store/store.ts';
import { slackProblem } from '../slack/trouble.ts';
import { Failure, Usage, type Verb, type VerbContext } from './verb.ts';
import type { Config } from '../service/load-config.ts';

interface Question {
  readonly system: string;
  /** Resolves to what was found, in a few words. */
  readonly ask: () => Promise<string>;
}

/** Asks every outside system one harmless question. Nothing is written, nothing decrypted. */
export const doctor: Verb = async (context) => {
  if (context.args.length > 0) throw new Usage('doctor');
  const config = await context.config();
  let failed = 0;
  for (const { system, ask } of questions(config, context)) {
    try {
      context.print(`ok    ${system}: ${await ask()}`);
    } catch (error) {
      failed += 1;
      const why =
        error instanceof PromotionError
          ? explain(error.refusal)
          : error instanceof Failure
            ? error.message
            : 'no answer';
      context.print(`FAIL  ${system}: ${why}`);
    }
  }
  if (failed > 0)
    throw new Failure(`${failed} of the systems did not answer as they should; see above.`);
};

function questions(
  { policy, environment }: Config,
  { env, now }: VerbContext,
): readonly Question[] {
  const world = connectWorld({ policy, environment, env, now });
  const images = Object.values(policy.images);
  return [
    { system: 'database', ask: () => askDatabase(environment.DATABASE_URL.reveal(), now) },
    { system: 'Slack', ask: () => askSlack({ policy, environment }) },
    {
      system: 'sops',
      ask: async () => {
        const facts = await checkSops(secretsOptions(policy, env));
        if (isRefusal(facts)) throw new PromotionError(facts);
        return `${facts.version}, the credentials file opens with ${facts.keyTypes.join(' or ')}`;
      },
    },
    ...images.map((image) => ({
      system: `Taskcluster, ${image.name}`,
      ask: () => askTaskcluster(sourceOf(buildsOptions({ policy, environment, now })), image.build),
    })),
    ...images.map((image) => ({
      system: `registry, ${image.publish}`,
      ask: () => askRegistry(world.registry, image.publish),
    })),
    ...images.flatMap((image) =>
      image.pins.map((source) => ({
        system: `tree ${sourceUrl(source)}`,
        ask: async () =>
          `at ${(await world.trees.read(source, [image.publish])).revision.slice(0, 12)}`,
      })),
    ),
  ];
}

/** What a build is found and proven with is read once; the build itself is not judged. */
async function askTaskcluster(source: Source, build: BuildPolicy): Promise<string> {
  const { newest, missing } = await tryRights(source, build);
  if (missing.length > 0) {
    const rest = newest ? '' : '; without it the others cannot be tried';
    throw new Failure(
      `the bot lacks ${missing.join(', ')}${rest}. See “What Taskcluster must allow” in docs/operations.md.`,
    );
  }
  if (!newest) throw new Failure('there is no level-3 build of it in the index.');
  return `newest level-3 build ${newest}, and all that a promotion reads of it may be read`;
}

async function askDatabase(url: string, now: () => Date): Promise<string> {
  const store = await openStore(url, { now, access: 'read' });
  const open = await store.list({ limit: 1 });
  await store.close();
  return open.length > 0 ? 'answers' : 'answers, and is empty';
}

/** The credentials stay closed here: a registry that shows nothing without them has answered. */
async function askRegistry(registry: Registry, name: string): Promise<string> {
  const tags = await orRefusal(registry.tags(name));
  if (!isRefusal(tags)) return `${tags.length} tags`;
  if (tags.reason === 'registry-private') return 'answers, and shows nothing without credentials';
  throw new PromotionError(tags);
}

async function askSlack({ environment, policy }: Config): Promise<string> {
  const { slackLogger } = createLogging('silent');
  const client = createClient(environment.SLACK_BOT_TOKEN, {
    apiUrl: environment.SLACK_API_URL,
    logger: slackLogger,
  });
  const answer = await client.auth.test().catch((error: unknown) => {
    throw new Failure(slackProblem(error));
  });
  const scopes = answer.response_metadata?.scopes;
  const seen = await lookAtChannel(client, policy.slack.channel).catch(unseen);
  const refusal = refuseAdmission({ scopes, seen }, policy);
  if (refusal) throw new PromotionError(refusal);
  return `${answer.user} in ${answer.team}, in a channel of ours alone`;
}
