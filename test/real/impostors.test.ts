import { impostorContract } from '../contracts/impostors.ts';
import { startDockerRegistry } from './docker-registry.ts';

impostorContract(({ tokens }) => startDockerRegistry({ tokens, storage: 'inmemory' }));
