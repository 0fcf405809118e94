/** A week of opening hours, day by day, each with as many times as it has; one press copies a day to all. */
import { useRef } from "react";
import { Button } from "../ui/Button";
import { classes } from "../ui/classes";
import { DAYS, type Day, MIDNIGHT, MOST_A_DAY, type Span, type Week, dayName, spanWords } from "./hours";

interface Props {
  week: Week;
  change: (week: Week) => void;
  /** What is wrong with a day, in words. */
  errors: Partial<Record<Day, string>>;
}

export function HoursField({ week, change, errors }: Props) {
  return (
    <ul className="flex flex-col">
      {DAYS.map((day) => (
        <li key={day} className="border-t border-line py-2 first:border-t-0">
          <OneDay
            day={day}
            spans={week[day]}
            error={errors[day] ?? null}
            change={(spans) => change({ ...week, [day]: spans })}
            copy={() => change(everyDay(week[day]))}
          />
        </li>
      ))}
    </ul>
  );
}

const USUAL: Span = { from: "09:00", to: "17:00" };

interface DayProps {
  day: Day;
  spans: Span[];
  error: string | null;
  change: (spans: Span[]) => void;
  copy: () => void;
}

function OneDay({ day, spans, error, change, copy }: DayProps) {
  const name = dayName(day);
  const errorId = `${day}-error`;
  const group = useRef<HTMLFieldSetElement>(null);
  return (
    <fieldset
      ref={group}
      tabIndex={-1}
      aria-describedby={error ? errorId : undefined}
      className="grid grid-cols-1 items-start gap-x-4 gap-y-2 sm:grid-cols-[104px_minmax(0,1fr)]"
    >
      <legend className="sr-only">{name}</legend>
      <p aria-hidden className="font-medium sm:pt-2">
        {name}
      </p>
      <div className="flex min-w-0 flex-col gap-2">
        {spans.map((span, at) => (
          <OneSpan
            key={at}
            name={spans.length > 1 ? `${name}, ${at + 1}` : name}
            span={span}
            wrong={error !== null}
            change={(changed) => change(spans.with(at, changed))}
            remove={() => {
              // What was pressed goes, or becomes the next time's: a second press must not take that away.
              group.current?.focus();
              change(spans.toSpliced(at, 1));
            }}
          />
        ))}
        {error && (
          <p id={errorId} role="alert" className="text-xs text-bad">
            {error}
          </p>
        )}
        {/* Under the times, not beside them: there is no room for both on most screens. */}
        <div className={classes("flex flex-wrap items-center gap-x-3 gap-y-1", spans.length === 0 && "sm:pt-2")}>
          {spans.length === 0 && <p className="text-quiet">Closed</p>}
          {spans.length < MOST_A_DAY && (
            <Button look="text" onClick={() => change([...spans, nextAfter(spans)])} aria-label={addWords(name, spans)}>
              {spans.length === 0 ? "Open" : "Add a time"}
            </Button>
          )}
          {spans.length > 0 && (
            <Button look="text" onClick={copy} aria-label={`Copy ${name} to all days`}>
              Copy to all days
            </Button>
          )}
        </div>
      </div>
    </fieldset>
  );
}

interface SpanProps {
  name: string;
  span: Span;
  wrong: boolean;
  change: (span: Span) => void;
  remove: () => void;
}

const TIME =
  "figures h-10 min-w-0 rounded-inner border border-edge bg-surface px-2 text-sm text-ink aria-invalid:border-bad";

function OneSpan({ name, span, wrong, change, remove }: SpanProps) {
  const field = (which: keyof Span) => (
    <input
      type="time"
      aria-label={`${name}, ${which === "from" ? "opens" : "closes"}`}
      aria-invalid={wrong || undefined}
      value={span[which] === MIDNIGHT ? "00:00" : span[which]}
      onChange={({ target }) =>
        // A day that closes at midnight closes at its end.
        change({ ...span, [which]: which === "to" && target.value === "00:00" ? MIDNIGHT : target.value })
      }
      className={classes(TIME)}
    />
  );
  return (
    <div className="flex flex-wrap items-center gap-2">
      {field("from")}
      <span className="text-quiet">to</span>
      {field("to")}
      <Button
        look="text"
        onClick={remove}
        aria-label={`Remove ${name}, ${spanWords([span])}`}
        className="min-h-9 px-1"
      >
        Remove
      </Button>
    </div>
  );
}

function everyDay(spans: Span[]): Week {
  const copy = () => spans.map((span) => ({ ...span }));
  return Object.fromEntries(DAYS.map((day) => [day, copy()])) as Week;
}

/** After a break of an hour, as far as the day goes. */
function nextAfter(spans: Span[]): Span {
  const last = spans.at(-1);
  if (!last) return USUAL;
  const hour = Number(last.to.slice(0, 2)) + 1;
  return hour < 23 ? { from: `${String(hour).padStart(2, "0")}:00`, to: "23:00" } : { from: "", to: "" };
}

function addWords(name: string, spans: Span[]) {
  return spans.length === 0 ? `Open on ${name}` : `Add a time on ${name}`;
}
