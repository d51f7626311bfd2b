import type { Reason } from '../src/domain/reasons.ts';
import type { ArchiveName } from './data.ts';

/** Who can take part: ours with zlib, with what the engine chooses by itself, through Docker; and the others by hand. */
export const contenderNames = [
  'zlib',
  'auto',
  'our-docker',
  'skopeo',
  'docker',
  'crane',
  'regctl',
] as const;
export type ContenderName = (typeof contenderNames)[number];

/** A ratio that was promised. */
export interface Bar {
  readonly of: ContenderName;
  /** Somebody else in the same round, or the time in which a link carries the bytes. */
  readonly against: ContenderName | 'link';
  /** Of seconds. */
  readonly atMost: number;
}

/** What must be so in every run of ours. */
export type Must =
  | 'sends no layer'
  | 'reads layers, sends none'
  | 'at most 256 MiB, no temp file'
  | 'refuses within a second, opens nothing';

/** One piece of work that several do in turn. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly archive: ArchiveName;
  /** What the same contender has pushed before, in another process, and under which tag. */
  readonly before?: {
    readonly archive: ArchiveName;
    readonly tag: string;
    /** What it learned of layers is there the next time, as in the bot's database. @default false */
    readonly ledger?: true;
  };
  /** Megabytes a second each way. */
  readonly link?: number;
  readonly password?: string;
  /** Why ours refuses to do it. */
  readonly refusal?: Reason;
  readonly contenders: readonly ContenderName[];
  readonly bars: readonly Bar[];
  readonly must?: Must;
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
    must: 'at most 256 MiB, no temp file',
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
    title: 'A again under a new tag, fresh process, filled ledger',
    archive: 'A',
    before: { archive: 'A', tag: 'old', ledger: true },
    contenders: ['auto', 'skopeo'],
    bars: [{ of: 'auto', against: 'skopeo', atMost: 0.1 }],
    must: 'sends no layer',
  },
  {
    id: 'proven',
    title: 'A again under a new tag, empty ledger: proven by reading',
    archive: 'A',
    before: { archive: 'A', tag: 'old' },
    contenders: ['auto', 'skopeo'],
    bars: [{ of: 'auto', against: 'skopeo', atMost: 0.45 }],
    must: 'reads layers, sends none',
  },
  {
    id: 'C',
    title: 'C after A, fresh process, filled ledger',
    archive: 'C',
    before: { archive: 'A', tag: 'old', ledger: true },
    contenders: ['auto', 'skopeo'],
    bars: [{ of: 'auto', against: 'skopeo', atMost: 0.25 }],
  },
  {
    id: 'D',
    title: 'D, 4 GB, idle loopback',
    archive: 'D',
    contenders: ['auto', 'zlib'],
    bars: [],
    must: 'at most 256 MiB, no temp file',
    once: true,
  },
  {
    id: 'password',
    title: 'A with a wrong password',
    archive: 'A',
    password: 'wrong',
    refusal: 'registry-credentials',
    contenders: ['auto', 'our-docker'],
    bars: [],
    must: 'refuses within a second, opens nothing',
  },
  {
    id: 'taken',
    title: 'A under a tag that holds another image',
    archive: 'A',
    before: { archive: 'C', tag: 'new' },
    refusal: 'tag-taken',
    contenders: ['auto', 'our-docker'],
    bars: [],
    must: 'refuses within a second, opens nothing',
  },
];
