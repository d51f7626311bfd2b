import type { Client } from './client.ts';
import type { ChunkSizes, Room } from './window.ts';

/** What one blob is sent with. */
export interface UploadOptions {
  readonly client: Client;
  readonly name: string;
  /** `the upload of layer 3` */
  readonly what: string;
  /** `stream`: all of it in one request, for registries that take no chunks. */
  readonly chunks: ChunkSizes | 'stream';
  readonly room: Room;
  /** How many bytes are on their way or there. */
  readonly onSent: (bytes: number) => void;
}
