import { startRegistry } from '../../local/registry.ts';
import { startTokenService } from '../../local/token-service.ts';
import { registryContract } from './registry.ts';
import { authorizationFor } from '../registry/authorization.ts';

registryContract(async (auth, { user, password }) => {
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
});
