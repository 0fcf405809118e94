/**
 * Phone numbers for the eye. North American ones are grouped as they are spoken;
 * others stand as E.164 has them: wrong groups read worse than none.
 */
export function phone(number: string) {
  const american = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number);
  // A number broken at the end of a line is read as two.
  return american ? ["+1", ...american.slice(1)].join("\u00a0") : number;
}

/** As somebody would type it, for a field: grouped with blanks one can move and delete over like any other. */
export function typedPhone(number: string) {
  return phone(number).replaceAll("\u00a0", " ");
}

/** A sentence of somebody else's, its numbers written as ours are. */
export function withPhones(sentence: string) {
  return sentence.replace(/\+\d{7,15}/g, phone);
}

/** Can it be rung? Short codes, SIP addresses and `anonymous` cannot. */
export function isDiallable(number: string | null | undefined): number is string {
  return number != null && /^\+\d{7,15}$/.test(number);
}
