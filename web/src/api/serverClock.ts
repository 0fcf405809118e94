/**
 * The server's clock, as far as a `Date` header can tell it.
 * Running clocks count from server times; on a phone whose own clock is minutes
 * off they would show nonsense without this. It corrects nothing below 2 s: the
 * header has whole seconds, and the way here takes time too.
 */
let skewMs = 0;

export function noteServerTime(dateHeader: string | null) {
  const server = dateHeader ? Date.parse(dateHeader) : Number.NaN;
  if (Number.isNaN(server)) return;
  const difference = server - Date.now();
  skewMs = Math.abs(difference) > 2_000 ? difference : 0;
}

/** Milliseconds since the epoch, by the server's clock. */
export function serverNow() {
  return Date.now() + skewMs;
}
