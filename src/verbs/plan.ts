import { canonicalHash } from '../canonical.ts';
import { knownImage, parseBuild } from '../command.ts';
import { connectWorld } from '../composition.ts';
import { isRefusal, PromotionError } from '../errors.ts';
import { makePlan } from '../planning.ts';
import { TaskId } from '../reference.ts';
import { Usage, type Verb } from './verb.ts';

const usage = 'plan <image> <build> [tag]';

/** Prints the plan as JSON and does nothing. */
export const plan: Verb = async ({ args, config, env, print, now }) => {
  const [name, word, tag, ...more] = args;
  if (name === undefined || word === undefined || more.length > 0) throw new Usage(usage);
  // One taskId in 64 begins with a hyphen, and there are no options that it could be taken for.
  if (args.some((one) => one.startsWith('-') && !TaskId.safeParse(one).success))
    throw new Usage(usage);
  const { policy, environment } = await config();
  const image = knownImage(name, policy);
  if (isRefusal(image)) throw new PromotionError(image);
  const build = parseBuild(word, image, policy.taskcluster.rootUrl);
  if (isRefusal(build)) throw new PromotionError(build);
  const ports = connectWorld({ policy, environment, env, now });
  const signal = new AbortController().signal;
  const made = await makePlan({ image: image.name, build, tag }, { image, policy, ports, signal });
  if (isRefusal(made)) throw new PromotionError(made);
  print(JSON.stringify({ ...made, planHash: canonicalHash(made) }, undefined, 2));
};
