import { sourceUrl, type Image } from '../domain/image.ts';
import { findPins } from '../pins/pins.ts';
import { isPatchable } from '../domain/patchable.ts';
import { releasedTag } from '../domain/tag.ts';
import type { PlannedPin, PlannedTree, Target, Warning } from '../domain/plan.ts';
import type { Trees } from '../ports.ts';

/** What the source trees say of an image now. */
export interface Pinned {
  readonly pins: readonly PlannedPin[];
  readonly trees: readonly PlannedTree[];
  readonly warnings: readonly Warning[];
}

/**
 * Reads every source tree that pins the image, for the change to `target`. Throws where one can't be read: its pins
 * would be forgotten.
 */
export async function findPinned({
  image,
  ports,
  target,
}: {
  readonly image: Image;
  readonly ports: { readonly trees: Trees };
  readonly target: Target;
}): Promise<Pinned> {
  const names = [image.publish, ...image.formerly];
  const read = await Promise.all(
    image.pins.map(async (source) => {
      const tree = await ports.trees.read(source, names);
      const files = tree.files.filter(({ path }) => isPatchable(path));
      const { pins, notUnderstood, moving } = findPins(files, image, target);
      const strange = tree.files.filter(({ path }) => !isPatchable(path));
      const { pins: left } = findPins(strange, image, target);
      const url = sourceUrl(source);
      const planned = pins.map(({ path, line, from }) => ({ source: url, path, line, from }));
      const warnings = [
        ...notUnderstood.map((at): Warning => unclear(url, at)),
        ...moving.map((at): Warning => ({ warning: 'moving-tag', source: url, ...at })),
        ...left.map(({ path, line }): Warning => {
          return { warning: 'pin-not-patchable', source: url, path, line };
        }),
        ...(pins.length + moving.length + left.length === 0
          ? [{ warning: 'no-pins', source: url } as const]
          : []),
      ];
      return { pins: planned, tree: { source: url, revision: tree.revision }, warnings };
    }),
  );
  const pins = read.flatMap((one) => one.pins);
  const warnings = [...read.flatMap((one) => one.warnings), ...released(pins, image)];
  return { pins, trees: read.map(({ tree }) => tree), warnings };
}

function unclear(
  source: string,
  { path, line }: { readonly path: string; readonly line: number },
): Warning {
  return { warning: 'pin-not-understood', source, path, line };
}

/** Who pins a release’s tag gets the next one from the next release: told once, however many pins there are. */
function released(pins: readonly PlannedPin[], image: Image): readonly Warning[] {
  for (const { source, path, line, from } of pins) {
    const tag = releasedTag(image, from);
    const [built] = image.build.sources;
    if (tag && built) {
      const { repository } = built;
      return [{ warning: 'released-tag', source, path, line, tag, repository }];
    }
  }
  return [];
}
