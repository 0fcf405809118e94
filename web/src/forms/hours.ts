/** Opening hours: their rules, and how a week of them is written. */
import type { Business } from "../api/businesses";
import { wallTime } from "../ui/time";
import { z } from "./rules";

export const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
export type Day = (typeof DAYS)[number];

const SPAN = z.object({ from: z.string(), to: z.string() });
export type Span = z.infer<typeof SPAN>;
export type Week = Record<Day, Span[]>;

const DAY_RULES = z.array(SPAN).check(({ value, issues }) => {
  const wrong = wrongWith(value);
  if (wrong) issues.push({ code: "custom", message: wrong, input: value });
});

export const WEEK_RULES = z.object({
  monday: DAY_RULES,
  tuesday: DAY_RULES,
  wednesday: DAY_RULES,
  thursday: DAY_RULES,
  friday: DAY_RULES,
  saturday: DAY_RULES,
  sunday: DAY_RULES,
});

/** A whole week, closed days too, for a form to work with. */
export function weekOf(hours: Partial<Business["hours"]>): Week {
  const spans = (day: Day) => (hours[day] ?? []).map(({ from, to }) => ({ from, to }));
  return {
    monday: spans("monday"),
    tuesday: spans("tuesday"),
    wednesday: spans("wednesday"),
    thursday: spans("thursday"),
    friday: spans("friday"),
    saturday: spans("saturday"),
    sunday: spans("sunday"),
  };
}

/** In English, as the sentences it stands in. */
export function dayName(day: Day) {
  return day.charAt(0).toUpperCase() + day.slice(1);
}

/** `9:00 AM to 12:00 PM, 1:00 PM to 5:00 PM`, or that it is closed. */
export function spanWords(spans: Span[]) {
  const end = (to: string) => (to === MIDNIGHT ? "midnight" : wallTime(to));
  return spans.length === 0 ? "closed" : spans.map(({ from, to }) => `${wallTime(from)} to ${end(to)}`).join(", ");
}

/** What fits a day without scrolling; a business has no more breaks. */
export const MOST_A_DAY = 4;

/** The end of a day, which a clock would call its beginning. */
export const MIDNIGHT = "24:00";

function wrongWith(spans: Span[]) {
  if (spans.length > MOST_A_DAY) return `At most ${MOST_A_DAY} times a day.`;
  if (spans.some(({ from, to }) => from === "" || to === "")) return "Give both times, or take the line away.";
  if (spans.some(({ from, to }) => from >= to)) return "It closes after it opens: the second time must be later. What goes past midnight ends at midnight, and goes on the next day.";
  const inOrder = [...spans].sort((a, b) => a.from.localeCompare(b.from));
  const overlap = inOrder.some(({ from }, at) => at > 0 && from < (inOrder[at - 1]?.to ?? ""));
  return overlap ? "Two of these times overlap." : null;
}
