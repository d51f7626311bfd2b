import { impostorContract } from '../contracts/impostors.ts';
import { startDockerRegistry } from '../../local/rig/docker-registry.ts';

impostorContract(({ tokens }) => startDockerRegistry({ tokens, storage: 'inmemory' }));
