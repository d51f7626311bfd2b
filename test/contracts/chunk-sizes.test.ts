import { startRegistry } from '../../local/registry.ts';
import { chunkSizeContract } from './chunk-sizes.ts';

chunkSizeContract(() => startRegistry());
