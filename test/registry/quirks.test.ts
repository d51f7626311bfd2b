import { quirkContract } from '../contracts/quirks.ts';
import { startStandIn } from '../helpers/registry/under-test.ts';

quirkContract(startStandIn);
