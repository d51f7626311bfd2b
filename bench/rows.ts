import type { ArchiveName } from './data.ts';

/** Who can take part, by the name that rows and options use. */
export const contenders = [
  'zlib',
  'auto',
  'our-docker',
  'skopeo',
  'docker',
  'crane',
  'regctl',
] as const;
export type ContenderName = (typeof contenders)[number];

/** A ratio that was promised. */
export interface Bar {
  readonly of: ContenderName;
  readonly against: ContenderName | 'link';
  /** Of wall-clock seconds. */
  readonly atMost: number;
}

/** One piece of work that several do in turn. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly archive: ArchiveName;
  /** What is on the registry already, of the same contender, whose memory of it is lost. */
  readonly before?: ArchiveName;
  /** Megabytes a second each way. */
  readonly link?: number;
  readonly contenders: readonly ContenderName[];
  readonly bars: readonly Bar[];
  /** What must be so besides, of our own runs. */
  readonly must?: 'send no layer' | 'stay small';
  /** Too large for more than one run each. */
  readonly once?: boolean;
}

export const rows: readonly Row[] = [
  {
    id: 'A',
    title: 'A, seven layers, idle loopback',
    archive: 'A',
    contenders: ['auto', 'skopeo', 'zlib', 'docker', 'crane', 'regctl', 'our-docker'],
    bars: [
      { of: 'zlib', against: 'docker', atMost: 0.3 },
      { of: 'zlib', against: 'skopeo', atMost: 0.9 },
      { of: 'auto', against: 'docker', atMost: 0.21 },
      { of: 'auto', against: 'skopeo', atMost: 0.62 },
      { of: 'our-docker', against: 'docker', atMost: 1 },
    ],
  },
  {
    id: 'B',
    title: 'B, one giant layer, idle loopback',
    archive: 'B',
    contenders: ['auto', 'skopeo', 'zlib', 'docker'],
    bars: [
      { of: 'auto', against: 'docker', atMost: 0.16 },
      { of: 'auto', against: 'skopeo', atMost: 0.65 },
    ],
  },
  {
    id: 'A50',
    title: 'A, 50 MB/s each way',
    archive: 'A',
    link: 50,
    contenders: ['auto', 'skopeo', 'zlib', 'docker'],
    bars: [
      { of: 'auto', against: 'skopeo', atMost: 0.58 },
      { of: 'auto', against: 'docker', atMost: 0.28 },
      { of: 'auto', against: 'link', atMost: 1.12 },
    ],
  },
  {
    id: 'A25',
    title: 'A, 25 MB/s each way',
    archive: 'A',
    link: 25,
    contenders: ['auto', 'skopeo', 'zlib', 'docker'],
    bars: [],
  },
  {
    id: 'again',
    title: 'A again under a new tag, fresh process',
    archive: 'A',
    before: 'A',
    contenders: ['auto', 'skopeo'],
    bars: [{ of: 'auto', against: 'skopeo', atMost: 0.2 }],
    must: 'send no layer',
  },
  {
    id: 'C',
    title: 'C after A, fresh process',
    archive: 'C',
    before: 'A',
    contenders: ['auto', 'skopeo'],
    bars: [{ of: 'auto', against: 'skopeo', atMost: 0.25 }],
  },
  {
    id: 'D',
    title: 'D, 4 GB, idle loopback',
    archive: 'D',
    contenders: ['auto', 'zlib'],
    bars: [],
    must: 'stay small',
    once: true,
  },
];
