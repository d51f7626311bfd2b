import { quirkContract } from '../contracts/quirks.ts';
import { startReal } from '../helpers/real/real-registry.ts';

quirkContract(startReal('distribution-registry'));
