import { promotableImage, parseBuild, tagProblem } from './command.ts';
import { explain, isRefusal } from '../domain/errors.ts';
import type { FormRead } from '../domain/delivery.ts';
import type { Policy } from '../domain/policy.ts';

/** The form’s fields, read as a line would be: the request, or what to correct, field by field. */
export function readForm(
  values: Readonly<Record<string, string>>,
  policy: Pick<Policy, 'images' | 'taskcluster'>,
): FormRead {
  const { tag, because } = values;
  const image = promotableImage(values['image'] ?? '', policy);
  if (isRefusal(image)) return { errors: { image: explain(image) } };
  const errors: Record<string, string> = {};
  const build = parseBuild(values['build'] ?? '', image, policy.taskcluster.rootUrl);
  if (isRefusal(build)) errors['build'] = explain(build);
  const problem = tag === undefined ? undefined : tagProblem(tag, image);
  if (problem) errors['tag'] = problem;
  const bug = /^(?:bug\s+)?#?(\d{1,8})$/i.exec(values['bug'] ?? '')?.[1];
  if (values['bug'] !== undefined && bug === undefined) errors['bug'] = 'A bug is a number';
  if (isRefusal(build) || Object.keys(errors).length > 0) return { errors };
  return { ask: { image: image.name, build, tag, because, bug: bug ? Number(bug) : undefined } };
}
