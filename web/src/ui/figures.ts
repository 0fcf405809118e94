/** Numbers, money and shares as a person reads them, and how they differ from before, in words. */
import { locale } from "../reader";

export function count(n: number) {
  return n.toLocaleString(locale());
}

/** A hero figure has room for seven digits; beyond that the size is the message. */
export function heroCount(n: number) {
  return Math.abs(n) < 10_000_000
    ? count(n)
    : n.toLocaleString(locale(), { notation: "compact", maximumFractionDigits: 1 });
}

/** PayPal counts these in whole units. */
const WHOLE_UNITS = new Set(["HUF", "JPY", "TWD"]);

export interface Amount {
  amount_minor: number;
  currency: string;
}

export function money({ amount_minor, currency }: Amount, cents = true) {
  const digits = WHOLE_UNITS.has(currency) ? 0 : 2;
  const amount = amount_minor / 10 ** digits;
  const shown = cents ? digits : 0;
  const options = { minimumFractionDigits: shown, maximumFractionDigits: shown };
  // Intl throws for a code that is not three letters, and the code is someone else's.
  return /^[A-Z]{3}$/i.test(currency)
    ? amount.toLocaleString(locale(), { style: "currency", currency, ...options })
    : `${amount.toLocaleString(locale(), options)} ${currency}`;
}

/** Money as a hero figure: whole units, and short where digits would not fit. */
export function heroMoney(amount: Amount) {
  const digits = WHOLE_UNITS.has(amount.currency) ? 0 : 2;
  const whole = amount.amount_minor / 10 ** digits;
  if (Math.abs(whole) < 10_000_000 || !/^[A-Z]{3}$/i.test(amount.currency)) return money(amount, false);
  return whole.toLocaleString(locale(), {
    style: "currency",
    currency: amount.currency,
    notation: "compact",
    maximumFractionDigits: 1,
  });
}

/** A share between 0 and 1 in whole points; never 100 or 0 by rounding alone. */
export function points(share: number) {
  const rounded = Math.round(share * 100);
  if (rounded === 100 && share < 1) return 99;
  if (rounded === 0 && share > 0) return 1;
  return rounded;
}

/** `18 more`, `3 fewer`, `the same`. */
export function change(now: number, before: number, write: (n: number) => string = count, words = MORE) {
  if (now === before) return words.same;
  return `${write(Math.abs(now - before))} ${now > before ? words.up : words.down}`;
}

export const MORE = { up: "more", down: "fewer", same: "the same" };
export const LONGER = { up: "longer", down: "shorter", same: "the same" };
export const LESS = { up: "more", down: "less", same: "the same" };

export function pointsChange(now: number, before: number) {
  const step = points(now) - points(before);
  if (step === 0) return "the same";
  return `${Math.abs(step)} ${Math.abs(step) === 1 ? "point" : "points"} ${step > 0 ? "more" : "less"}`;
}

export function plural(n: number, one: string, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** A file's size as it is said: `417 bytes`, `340 kB`, `2.4 MB`. */
export function bytes(n: number) {
  // Less than a thousand would round to nothing, and a file of nothing looks like a failure.
  if (n < 1_000) return plural(n, "byte");
  const [unit, size] = n < 1_000_000 ? (["kB", n / 1_000] as const) : (["MB", n / 1_000_000] as const);
  return `${size.toLocaleString(locale(), { maximumFractionDigits: unit === "kB" ? 0 : 1 })} ${unit}`;
}
