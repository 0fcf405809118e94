/** Where two lines' names stand beside their ends. */

/**
 * How far above its line's end each name begins, in pixels. Two ends of nearly one height push their names
 * apart; the higher one goes further, for the lower end may lie on the axis.
 */
export function liftOfNames(now: number | undefined, before: number | undefined, highest: number) {
  const apart = now === undefined || before === undefined || Math.abs(now - before) > highest / 5;
  if (apart) return { now: -4, before: -4 };
  return now >= before ? { now: 8, before: -6 } : { now: -6, before: 8 };
}
