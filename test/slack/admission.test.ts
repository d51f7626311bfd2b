import { describe, expect, it } from 'vitest';
import { explain } from '../../src/domain/errors.ts';
import { refuseAdmission, type Admission } from '../../src/slack/admission.ts';
import { policyOf } from '../helpers/deciding/outside.ts';

const open = ['commands', 'chat:write', 'files:write', 'users:read', 'users:read.email'];
const channels = ['usergroups:read', 'channels:read', 'channels:history'];
const groups = ['usergroups:read', 'groups:read', 'groups:history'];
const seen = { isPrivate: false, sharing: undefined };

function told(admission: Partial<Admission>, policy = policyOf()): string {
  const scopes = [...open, ...channels];
  const refusal = refuseAdmission({ scopes, seen, ...admission }, policy);
  return refusal ? explain(refusal) : 'admitted';
}

describe('the bot begins', () => {
  it('with every scope that it needs, and a channel of ours alone', () => {
    expect(told({})).toBe('admitted');
    expect(told({ scopes: [...open, ...groups], seen: { ...seen, isPrivate: true } })).toBe(
      'admitted',
    );
  });

  it.each([...open, ...channels])('not without the scope %s', (missing) => {
    const scopes = [...open, ...channels].filter((scope) => scope !== missing);
    expect(told({ scopes })).toContain(`lacks scopes that it needs: ${missing}. Add`);
  });

  it('not with the scopes of the other kind of channel', () => {
    const isPrivate = { seen: { ...seen, isPrivate: true } };
    expect(told(isPrivate)).toContain('needs: groups:read, groups:history. Add');
    expect(told({ scopes: [...open, ...groups] })).toContain(
      'channels:read, channels:history. Add',
    );
  });

  it('not where Slack names no scopes, and is told them all', () => {
    const all = [...open, ...channels].join(', ');
    expect(told({ scopes: [], seen: { problem: 'missing_scope' } })).toContain(all);
  });

  it('where the answer is without the header that names them: who cannot be told apart approves nothing', () => {
    expect(told({ scopes: undefined })).toBe('admitted');
    expect(
      told({ scopes: undefined, seen: { ...seen, sharing: 'another workspace is in it' } }),
    ).toContain('another workspace');
  });

  it('without the scope of user groups where no group approves', () => {
    const policy = policyOf({ approvers: { users: ['U00000001'] } });
    const scopes = [...open, 'channels:read', 'channels:history'];
    expect(told({ scopes }, policy)).toBe('admitted');
  });

  it('not where the channel cannot be seen, or is seen by others', () => {
    expect(told({ seen: { problem: 'channel_not_found' } })).toContain('channel_not_found. Invite');
    const sharing = 'another workspace is in it';
    expect(told({ seen: { ...seen, sharing } })).toContain('is not ours alone: another workspace');
  });
});
