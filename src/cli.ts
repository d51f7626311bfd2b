import { formatProblem } from './config.ts';
import { PromotionError } from './domain/errors.ts';
import { readDotEnv } from './service/dot-env.ts';
import { loadConfig, type Config } from './service/load-config.ts';
import { withoutSecrets } from './service/secret-files.ts';
import { Failure, Usage, type Verb } from './verbs/verb.ts';

/** Each is loaded when it is asked for: who verifies the log needs no client of Slack’s or Docker’s. */
const verbs: Readonly<Record<string, () => Promise<Verb>>> = {
  plan: async () => (await import('./verbs/plan.ts')).plan,
  pins: async () => (await import('./verbs/pins.ts')).pins,
  audit: async () => (await import('./verbs/audit.ts')).audit,
  'check-config': async () => (await import('./verbs/check-config.ts')).checkConfig,
  doctor: async () => (await import('./verbs/doctor.ts')).doctor,
};

const usage = `npm run promote-image -- <verb>
  plan <image> <build> [--tag X]  prints the plan as JSON and does nothing
  pins --image <image> --new <reference> [--mercurial-changed] <folder>
                                  rewrites the pins below a folder and prints the patch
  audit verify [--key <public:…>] [--channel <export.json>] [--bot <id>] | export | key
  audit accept-restore [--by <name>] --because <why>
                                  goes on with a restored database, and records what is missing
  check-config                    is the configuration sound?
  doctor                          asks every outside system one harmless question`;

readDotEnv();
process.exitCode = await run(process.argv.slice(2));

/** 0: done; 1: refused or failed, the reason on stderr; 2: wrong usage. */
async function run([name = '', ...args]: readonly string[]): Promise<number> {
  const load = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!load) return complain(usage, 2);
  const verb = await load();
  const print = (text: string): void =>
    void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  const config = () => readConfig(name === 'doctor' || args[0] === 'accept-restore');
  try {
    await verb({ args, config, env: withoutSecrets(process.env), print, now: () => new Date() });
    return 0;
  } catch (error) {
    if (error instanceof Usage)
      return complain(`Usage: npm run promote-image -- ${error.message}`, 2);
    if (error instanceof PromotionError || error instanceof Failure)
      return complain(error.message, 1);
    const problem = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
    return complain(`Something went wrong that nobody foresaw: ${problem}`, 1);
  }
}

/** Only the doctor and `audit accept-restore` talk to Slack; the other verbs run without its tokens. */
async function readConfig(withSlack: boolean): Promise<Config> {
  const loaded = await loadConfig(process.env, withSlack ? 'bot' : 'operator');
  if (loaded.ok) return loaded.value;
  throw new Failure(
    `The configuration cannot be used:\n${loaded.problems.map((one) => `  ${formatProblem(one)}`).join('\n')}`,
  );
}

function complain(text: string, code: number): number {
  process.stderr.write(`${text}\n`);
  return code;
}
