import { chunkSizeContract } from '../contracts/chunk-sizes.ts';
import { startDockerRegistry } from './docker-registry.ts';

chunkSizeContract(() => startDockerRegistry({ storage: 'inmemory' }));
