import { startStandIn } from '../helpers/registry/under-test.ts';
import { engineContract } from './registry-engine.ts';
import { registryContract } from './registry.ts';

registryContract(startStandIn);
engineContract(startStandIn);
