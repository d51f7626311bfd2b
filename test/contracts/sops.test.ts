import { resolve } from 'node:path';
import { encryptSops } from '../../local/sops.ts';
import { sopsContract } from './sops.ts';

sopsContract('the sops stand-in', {
  binary: async () => resolve('local/bin/sops'),
  encrypt: encryptSops,
});
