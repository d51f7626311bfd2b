import { chunkSizeContract } from '../contracts/chunk-sizes.ts';
import { startDockerRegistry } from '../../local/rig/docker-registry.ts';

chunkSizeContract(() => startDockerRegistry({ storage: 'inmemory' }));
