import type { Compressor } from './compressor.ts';
import { createGzip } from './gzip.ts';
import { createIgzip } from './igzip.ts';
import type { BackPressure } from './back-pressure.ts';

/** Which compressor, as plain data. Program, version and level: with the same, the same digest comes out again. */
export type CompressorSetting =
  | { readonly program: 'zlib'; readonly level: number | 'adaptive' }
  | {
      readonly program: 'igzip';
      /** Absolute. */
      readonly path: string;
      readonly version: string;
      readonly level: number;
    };

/** Without an accelerator: Node’s own zlib, on all cores. */
export const plainZlib: CompressorSetting = { program: 'zlib', level: 1 };

/** As small as there is time for: on a slow line less to send, and another digest each time. */
export const adaptiveZlib: CompressorSetting = { program: 'zlib', level: 'adaptive' };

/** `signal` ends what it has started; `pressure` gives the level where the setting leaves it open. */
export function compressorOf(
  setting: CompressorSetting,
  { signal, pressure }: { readonly signal: AbortSignal; readonly pressure: BackPressure },
): Compressor {
  if (setting.program === 'igzip') return createIgzip({ ...setting, signal });
  const { level } = setting;
  return createGzip({ level: level === 'adaptive' ? () => pressure.level : () => level });
}

/** For the audit log. */
export function nameOf(setting: CompressorSetting): string {
  if (setting.program === 'igzip') return `igzip ${setting.version} level ${setting.level}`;
  const level = setting.level === 'adaptive' ? '1 to 6 by back-pressure' : setting.level;
  return `zlib ${process.versions.zlib} level ${level}, window 2^14, 1 MiB blocks`;
}
