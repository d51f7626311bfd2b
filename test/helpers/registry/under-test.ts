import { startRegistry } from '../../../local/registry.ts';
import { startTokenService } from '../../../local/token-service.ts';
import type { StartRegistry } from '../../contracts/registry.ts';
import { authorizationFor } from './authorization.ts';

/** The stand-in, as the contract suites want it. */
export const startStandIn: StartRegistry = async (auth, { user, password }) => {
  const accounts = { [user]: password };
  const tokens = auth === 'bearer' ? await startTokenService({ accounts }) : undefined;
  const registry = await startRegistry(tokens ? { tokens } : auth === 'basic' ? { accounts } : {});
  return {
    url: registry.url,
    authorization: (name) => authorizationFor(name, { auth, user, password, realm: tokens?.url }),
    async close() {
      await registry.close();
      await tokens?.close();
    },
  };
};
