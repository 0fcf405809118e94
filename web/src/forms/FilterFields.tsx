/** The fields every filter is made of: one of a few, or the days between two. Empty, they narrow nothing. */
import { useCallback, useState } from "react";
import { type Days, LAST_DAY, isDay, isPlausibleDay, isReversed } from "../api/period";
import { dayOf } from "../reader";
import { Choice, TextField } from "../ui/Field";
import { useTyped } from "./useTyped";

interface DayRangeProps {
  days: Days;
  /** The same function at each drawing. */
  choose: (part: Days) => void;
}

/** Two days, each told where it stands on the wrong side of the other. */
export function DayRange({ days, choose }: DayRangeProps) {
  const [from, to] = [dayIn(days.from), dayIn(days.to)];
  const sendFrom = useCallback((day: string) => choose({ from: day || undefined }), [choose]);
  const sendTo = useCallback((day: string) => choose({ to: day || undefined }), [choose]);
  return (
    <>
      <Day
        label="From"
        value={from}
        max={to}
        wrong={(day) => (isReversed({ from: day, to }) ? "This is after the last day." : null)}
        send={sendFrom}
      />
      <Day
        label="Up to and including"
        value={to}
        min={from}
        wrong={(day) => (isReversed({ from, to: day }) ? "This is before the first day." : null)}
        send={sendTo}
      />
    </>
  );
}

interface DayProps {
  label: string;
  value: string | undefined;
  min?: string | undefined;
  max?: string | undefined;
  /** Why this day cannot be asked for beside the other. */
  wrong: (day: string) => string | null;
  send: (day: string) => void;
}

/** Some of it is typed. A browser gives no value then, as for an empty field, and keeps what is there. */
const UNFINISHED = "unfinished";

/**
 * A browser tells of a day at the first digit of its year, so only a plausible one is asked for, and
 * what is typed is never written over.
 */
function Day({ label, value = "", min, max, wrong, send }: DayProps) {
  const isReadable = (day: string) => isPlausibleDay(day) && wrong(day) === null;
  const { typed, setTyped, enter } = useTyped({ inAddress: value, isReadable, send });
  const [wasLeft, setWasLeft] = useState(false);
  const take = ({ value, validity }: HTMLInputElement) => setTyped(value === "" && validity.badInput ? UNFINISHED : value);
  const isWhole = typed === "" || isPlausibleDay(typed);
  return (
    <TextField
      type="date"
      {...{ label, min }}
      // Without a last day a year could have six digits.
      max={max ?? LAST_DAY}
      value={typed === UNFINISHED ? "" : typed}
      error={isWhole ? typed && wrong(typed) : wasLeft ? "Enter the whole date, the year with four digits." : null}
      onChange={({ target }) => {
        setWasLeft(false);
        take(target);
      }}
      onBlur={({ target }) => {
        setWasLeft(true);
        take(target);
        enter();
      }}
      onKeyDown={({ key }) => {
        if (key === "Enter") enter();
      }}
    />
  );
}

/** An instant, which a link may have, by the day the reader's calendar shows. */
function dayIn(at: string | undefined) {
  return at && !isDay(at) ? dayOf(new Date(at)) : at;
}

interface OneOfProps<T extends string> {
  label: string;
  words: Partial<Record<T, string>>;
  /** What stands there while none is chosen. */
  any?: string;
  value: T | undefined;
  choose: (value: T | undefined) => void;
}

export function OneOf<T extends string>({ label, words, any = "Any", value, choose }: OneOfProps<T>) {
  const choices = Object.keys(words) as T[];
  return (
    <Choice
      label={label}
      value={value ?? ""}
      onChange={(event) => choose(choices.find((choice) => choice === event.target.value))}
    >
      <option value="">{any}</option>
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {words[choice]}
        </option>
      ))}
    </Choice>
  );
}
