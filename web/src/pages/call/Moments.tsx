/**
 * A slider over the moments at which more became known about the call; its end is now. One stop
 * for the keyboard, whatever the number of events: the arrow keys go from moment to moment.
 *
 * It stands above all that it changes and stays in sight while the page is scrolled: what grows and
 * shrinks with the moment must not take it from under the hand. So its height never changes either.
 */
import { type ReactNode, useId } from "react";
import { Link, useSearchParams } from "react-router";
import type { CallEvent } from "../../api/queries";
import { serverNow } from "../../api/serverClock";
import { buttonLook } from "../../ui/Button";
import { classes } from "../../ui/classes";
import { withPhones } from "../../ui/phone";
import { day, exactTime } from "../../ui/time";
import { atMoment, momentOf, momentsOf } from "./asKnown";

/** Without events yet, its place is kept. */
export function Moments({ items }: { items: CallEvent[] | undefined }) {
  const [search] = useSearchParams();
  const at = momentOf(search);
  const moments = momentsOf(items ?? []);
  // Nothing is kept of this call, so there is no past to show; but from one there is a way back.
  if (items && moments.length === 0 && at === null) return null;
  return (
    <div
      className={classes(
        "sticky top-0 z-10 -mx-4 flex flex-col border-b border-line px-4 py-1.5 rail:-mx-6 rail:px-6",
        at === null ? "bg-canvas" : "bg-late-soft",
      )}
    >
      <div className="flex min-h-6 items-center gap-3 text-xs">
        {items && moments.length > 0 && <Slider {...{ items, moments, at }} />}
      </div>
      {/* As tall as two lines: on a phone the words need them. */}
      <div className="flex h-10 items-center justify-between gap-x-4">
        <p role="status" className="figures line-clamp-2 min-w-0">
          <Shown at={at} />
        </p>
        {at !== null && (
          <Link
            to={{ search: atMoment(search, null).toString() }}
            replace
            preventScrollReset
            className={buttonLook("text", "min-h-9")}
          >
            Back to now
          </Link>
        )}
      </div>
    </div>
  );
}

function Shown({ at }: { at: string | null }): ReactNode {
  if (at === null) return <span className="text-xs text-quiet">The call as it is now. To the left is what was known before.</span>;
  if (Number.isNaN(Date.parse(at))) return "The address names no time";
  return (
    <>
      As known at{" "}
      <time dateTime={at} className="font-semibold">
        {exactTime(at)}
      </time>
      , {day(at, new Date(serverNow()))}
    </>
  );
}

interface SliderProps {
  items: CallEvent[];
  moments: string[];
  at: string | null;
}

function Slider({ items, moments, at }: SliderProps) {
  const id = useId();
  const [search, setSearch] = useSearchParams();

  function choose(place: number) {
    // Not one step of the way back for each moment passed.
    setSearch(atMoment(search, moments[place] ?? null), { replace: true, preventScrollReset: true });
  }

  return (
    <>
      <label htmlFor={id} className="shrink-0 text-quiet">
        As known at
      </label>
      <input
        id={id}
        type="range"
        min={0}
        max={moments.length}
        value={at === null ? moments.length : placeOf(moments, at)}
        aria-valuetext={words(items, at)}
        onChange={(event) => choose(event.target.valueAsNumber)}
        className="min-h-6 min-w-0 grow accent-accent"
      />
      <span aria-hidden className="figures w-20 shrink-0 text-right">
        {at === null ? "now" : exactTime(at)}
      </span>
    </>
  );
}

/** The last moment that is not after it. */
function placeOf(moments: string[], at: string) {
  const time = Date.parse(at);
  return Math.max(
    0,
    moments.findLastIndex((moment) => Date.parse(moment) <= time),
  );
}

function words(items: CallEvent[], at: string | null) {
  if (at === null) return "now";
  const last = items.findLast(({ received_at }) => Date.parse(received_at) === Date.parse(at));
  return last ? `${exactTime(at)}, ${withPhones(last.summary)}` : exactTime(at);
}
