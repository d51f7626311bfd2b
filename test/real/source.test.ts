import { describeHg } from '../contracts/source.ts';
import { serveHg } from './hg.ts';

describeHg('a real Mercurial server', serveHg);
