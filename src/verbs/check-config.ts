import { Usage, type Verb } from './verb.ts';

/** Says whether the configuration can be used, offline; every problem at once. */
export const checkConfig: Verb = async ({ args, config, print }) => {
  if (args.length > 0) throw new Usage('check-config');
  const { policy } = await config();
  const images = Object.keys(policy.images).join(', ');
  print(
    `The configuration is sound: ${images}; published through the ${policy.registry.engine} engine to ${policy.registry.url}.`,
  );
};
