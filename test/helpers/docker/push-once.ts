import { makeImage } from '../../../local/image.ts';
import { makeLayer } from '../../../local/layer.ts';
import { createDockerEngine } from '../../../src/docker/engine.ts';
import { besideEngine } from '../../../src/registry/beside-engine.ts';
import { account, pushOf } from './setting.ts';

// A process of its own, because what DEBUG prints is decided when the client is loaded.
const [dockerHost, url = '', username = ''] = process.argv.slice(2);
const engine = createDockerEngine({
  dockerHost,
  registry: besideEngine({ url }),
  limits: { unpacked: 1e6 },
});
const image = makeImage([await makeLayer({ app: 'x' })]);
const credentials = account(username, process.env['PASSWORD'] ?? '');
const target = { name: 'mozillareleases/debug', tag: 'v1' };
await engine(pushOf({ image, target, credentials }).push);
