import { describeHg } from '../contracts/source.ts';
import { serveHg } from '../helpers/real/hg.ts';

describeHg('a real Mercurial server', serveHg);
