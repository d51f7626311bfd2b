import { engineContract } from '../contracts/registry-engine.ts';
import { registryContract } from '../contracts/registry.ts';
import { startReal } from '../helpers/real/real-registry.ts';

registryContract(startReal('distribution-registry'));
engineContract(startReal('distribution-registry'));
