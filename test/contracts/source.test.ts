import { startHg } from '../../local/hg.ts';
import { describeHg } from './source.ts';

describeHg('the stand-in of Mercurial', async () => {
  const hg = await startHg();
  return {
    url: hg.url('some/repository'),
    commit: async (files, branch) => hg.commit('some/repository', files, branch),
    [Symbol.asyncDispose]: () => hg.close(),
  };
});
