/**
 * The rules every form shares, in the words it shows. They spare a round trip and no more:
 * the api checks everything again and knows rules this page does not.
 */
import * as z from "zod/mini";

// The quick way of checking compiles code, which the content security policy forbids, and
// even asking whether it may would be reported.
z.config({ jitless: true });

export { z };

const LONGEST_NAME = 100;
const SHORTEST_PASSWORD = 8;
const LONGEST_PASSWORD = 128;

export function name(whose: string, most = LONGEST_NAME) {
  return z.string().check(
    z.trim(),
    z.minLength(1, `Enter ${whose}.`),
    z.refine((text) => length(text) <= most, `At most ${most} characters.`),
  );
}

const LONGEST_PROFESSION = 40;

export const profession = name("what the business is", LONGEST_PROFESSION);

export function text(most: number) {
  return z
    .string()
    .check(z.refine((text) => length(text) <= most, `At most ${most.toLocaleString("en-US")} characters.`));
}

export const email = z
  .string()
  .check(
    z.trim(),
    z.minLength(1, "Enter an e-mail address."),
    z.regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "This is not an e-mail address like name@example.com."),
  );

/** One that is chosen now. */
export const newPassword = z
  .string()
  .check(
    z.refine((text) => length(text) >= SHORTEST_PASSWORD, `At least ${SHORTEST_PASSWORD} characters.`),
    z.refine((text) => length(text) <= LONGEST_PASSWORD, `At most ${LONGEST_PASSWORD} characters.`),
  );

/** One that exists: whatever it is, it has to be there. */
export const password = z.string().check(z.minLength(1, "Enter your password."));

export const code = z.string().check(z.trim(), z.minLength(1, "Enter the code."));

/** As people write them; the api keeps E.164. */
export const phoneNumber = z
  .string()
  .check(
    z.trim(),
    z.minLength(1, "Enter a phone number."),
    z.refine(isPhoneNumber, "Write the number with its country code, like +1 202 555 0147."),
  );

export const phoneNumberOrNone = z
  .string()
  .check(
    z.trim(),
    z.refine(
      (text) => text === "" || isPhoneNumber(text),
      "Write the number with its country code, like +1 202 555 0147, or leave it empty.",
    ),
  );

/** Whether it can be one. What may stand beside the digits is the api's to say. */
function isPhoneNumber(text: string) {
  return /^\+[1-9]\d{3,14}$/.test(text.replace(/[^+\d]/g, ""));
}

/** As the api counts: characters, not units of UTF-16. */
export function length(text: string) {
  return Array.from(text).length;
}
