import { quirkContract } from '../contracts/quirks.ts';
import { startReal } from './real-registry.ts';

quirkContract(startReal('docker-registry'));
