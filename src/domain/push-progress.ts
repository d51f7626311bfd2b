/** How far a push is. One value a moment; whoever shows it decides how often. */
export interface Progress {
  readonly step: 'download' | 'layer' | 'config' | 'manifest' | 'tag' | 'read-back';
  /** Bytes of the artifact read so far, and in all. */
  readonly read: number;
  readonly size: number;
  readonly layers: readonly LayerProgress[];
}

export interface LayerProgress {
  /** 0-based, in the order in which the archive holds them. */
  readonly layer: number;
  readonly state: 'sending' | 'sent' | 'present' | 'mounted';
  /** Uncompressed bytes done. */
  readonly done: number;
  /** Uncompressed bytes in all, where the archive says. */
  readonly size: number | undefined;
  /** Compressed bytes sent. */
  readonly sent: number;
}
