import { startTokenService } from '../../local/token-service.ts';
import { engineContract } from '../contracts/registry-engine.ts';
import { registryContract, type StartRegistry } from '../contracts/registry.ts';
import { authorizationFor } from '../registry/authorization.ts';
import { startDockerRegistry } from './docker-registry.ts';

const startReal: StartRegistry = async (auth, { user, password }) => {
  const tokens =
    auth === 'bearer' ? await startTokenService({ accounts: { [user]: password } }) : undefined;
  const registry = await startDockerRegistry(
    tokens ? { tokens } : auth === 'basic' ? { htpasswd: { user, password } } : {},
  );
  return {
    url: registry.url,
    authorization: (name) => authorizationFor(name, { auth, user, password, realm: tokens?.url }),
    async close() {
      await registry.close();
      await tokens?.close();
    },
  };
};

registryContract(startReal);
engineContract(startReal);
