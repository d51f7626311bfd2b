import type { Compressor } from './compressor.ts';
import { createGzip } from './gzip.ts';
import { createIgzip } from './igzip.ts';

/** Which compressor, as plain data. Program, version and level: with the same, the same digest comes out again. */
export type CompressorSetting =
  | { readonly program: 'zlib'; readonly level: number }
  | {
      readonly program: 'igzip';
      /** Absolute. */
      readonly path: string;
      readonly version: string;
      readonly level: number;
    };

/** Without an accelerator: Node’s own zlib, on all cores. */
export const plainZlib: CompressorSetting = { program: 'zlib', level: 1 };

/** `signal` ends what it has started. */
export function compressorOf(setting: CompressorSetting, signal: AbortSignal): Compressor {
  return setting.program === 'igzip' ? createIgzip({ ...setting, signal }) : createGzip(setting);
}

/** For the audit log. */
export function nameOf(setting: CompressorSetting): string {
  if (setting.program === 'igzip') return `igzip ${setting.version} level ${setting.level}`;
  return `zlib ${process.versions.zlib} level ${setting.level}, window 2^14, 1 MiB blocks`;
}
