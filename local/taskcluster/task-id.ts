import { randomBytes } from 'node:crypto';
import { TaskId } from '../../src/domain/reference.ts';

/** A v4 UUID in the 22 characters of Taskcluster's ids. @see https://github.com/taskcluster/slugid */
export function newTaskId(): TaskId {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return TaskId.parse(bytes.toString('base64url'));
}
