import { startTokenService } from '../../../local/token-service.ts';
import type { StartRegistry } from '../../contracts/registry.ts';
import { authorizationFor } from '../registry/authorization.ts';
import { startDockerRegistry, type RegistryProgram } from '../../../local/rig/docker-registry.ts';

/** A real registry, as the contract suites want it. */
export function startReal(program: RegistryProgram): StartRegistry {
  return async (auth, { user, password }) => {
    const tokens =
      auth === 'bearer' ? await startTokenService({ accounts: { [user]: password } }) : undefined;
    const access = tokens ? { tokens } : auth === 'basic' ? { htpasswd: { user, password } } : {};
    const registry = await startDockerRegistry({ program, ...access });
    return {
      url: registry.url,
      authorization: (name) => authorizationFor(name, { auth, user, password, realm: tokens?.url }),
      async close() {
        await registry.close();
        await tokens?.close();
      },
    };
  };
}
