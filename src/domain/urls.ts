import { z } from 'zod';

/** An https: URL; http: and file: only where the data can't leave the machine. */
export const serviceUrl = z.string().superRefine((value, context) => {
  const problem = problemOf(value);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

function problemOf(value: string): string | undefined {
  if (!URL.canParse(value)) return 'is not a URL';
  const url = new URL(value);
  if (url.username || url.password) return 'must not carry credentials';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol !== 'http:') return 'must be an https: URL';
  return isLoopback(url.hostname)
    ? undefined
    : 'must be https: (http: is accepted for loopback only)';
}

/** `localhost`, 127.0.0.0/8 and ::1, as they stand in a URL's hostname. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

/** A git URL: https, ssh, file, scp-like, or http on loopback; nothing that git would take for an option or a helper. */
export const gitUrl = z.string().superRefine((value, context) => {
  const scpLike = /^[\w.-]+@[\w.-]+:[\w./~-]+$/.test(value);
  const isOther = /^(ssh|file):\/\/[^\s\\]*$/.test(value) && URL.canParse(value);
  if (scpLike || (isOther && !new URL(value).password)) return;
  const problem = problemOf(value);
  if (problem) context.addIssue({ code: 'custom', message: `is not a git URL: ${problem}` });
});
