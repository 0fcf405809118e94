/**
 * Phone numbers for the eye. North American ones are grouped as they are spoken;
 * others stand as E.164 has them: wrong groups read worse than none.
 */
export function phone(number: string) {
  const american = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number);
  return american ? `+1 ${american[1]} ${american[2]} ${american[3]}` : number;
}

/** Can it be rung? Short codes, SIP addresses and `anonymous` cannot. */
export function isDiallable(number: string | null | undefined): number is string {
  return number != null && /^\+\d{7,15}$/.test(number);
}
