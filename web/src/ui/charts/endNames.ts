/** Where two lines' names stand in the column beside the plot. */

interface Heights {
  now: number | undefined;
  before: number | undefined;
}

/** In pixels: a line of text, and a little. */
const APART = 16;

/**
 * The middle of each name, downwards as pixels go: at its line's end, or pushed from it as little as keeps
 * the two apart. Neither goes below the axis, where days are written.
 */
export function keptApart({ now, before }: Heights, axis: number): Heights {
  if (now === undefined || before === undefined) return { now, before };
  const nowIsUpper = now <= before;
  const [upper, lower] = nowIsUpper ? [now, before] : [before, now];
  const push = Math.max(0, APART - (lower - upper)) / 2;
  const low = Math.min(lower + push, axis);
  const high = Math.min(upper - push, low - APART);
  return nowIsUpper ? { now: high, before: low } : { now: low, before: high };
}
