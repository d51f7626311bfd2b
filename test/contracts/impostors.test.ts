import { impostorContract } from './impostors.ts';

impostorContract(async ({ registry }) => ({ url: registry.url, close: async () => undefined }));
