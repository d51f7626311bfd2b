/** Takes a developer’s `.env` in, where there is one. What the environment says already stands. */
export function readDotEnv(path = '.env'): void {
  try {
    process.loadEnvFile(path);
  } catch (error) {
    // Without a file nothing is missing: node’s own flag would say so on stderr at every start.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
