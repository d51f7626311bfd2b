import { quirkContract } from '../contracts/quirks.ts';
import { startStandIn } from './under-test.ts';

quirkContract(startStandIn);
