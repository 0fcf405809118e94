/** Opening hours: their rules, and how a week of them is written. */
import type { Business } from "../api/businesses";
import { locale } from "../reader";
import { weekdayName } from "../ui/time";
import { z } from "./rules";

export const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
export type Day = (typeof DAYS)[number];

const SPAN = z.object({ from: z.string(), to: z.string() });
export type Span = z.infer<typeof SPAN>;
export type Week = Record<Day, Span[]>;

const DAY_RULES = z.array(SPAN).superRefine((spans, context) => {
  const wrong = wrongWith(spans);
  if (wrong) context.addIssue({ code: "custom", message: wrong });
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
export function weekOf(hours: Business["hours"]): Week {
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

/** As the api keeps it: a closed day is left out. */
export function hoursOf(week: Week): Business["hours"] {
  return Object.fromEntries(DAYS.flatMap((day) => (week[day].length > 0 ? [[day, week[day]]] : [])));
}

export function dayName(day: Day, how: "short" | "long" = "long") {
  const weekday = DAYS.indexOf(day) + 1;
  return how === "short" ? weekdayName(weekday) : longName(weekday);
}

/** `09:00 to 12:00, 13:00 to 17:00`, or that it is closed. */
export function spanWords(spans: Span[]) {
  return spans.length === 0 ? "closed" : spans.map(({ from, to }) => `${from} to ${to}`).join(", ");
}

function wrongWith(spans: Span[]) {
  if (spans.some(({ from, to }) => from === "" || to === "")) return "Give both times, or take the line away.";
  if (spans.some(({ from, to }) => from >= to)) return "It closes after it opens: the second time must be later.";
  const inOrder = [...spans].sort((a, b) => a.from.localeCompare(b.from));
  const overlap = inOrder.some(({ from }, at) => at > 0 && from < (inOrder[at - 1]?.to ?? ""));
  return overlap ? "Two of these times overlap." : null;
}

function longName(weekday: number) {
  return new Date(Date.UTC(2024, 0, weekday)).toLocaleDateString(locale(), { weekday: "long", timeZone: "UTC" });
}
