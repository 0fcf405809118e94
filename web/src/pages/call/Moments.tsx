/**
 * A slider over the moments at which more became known about the call; its end is now. One stop
 * for the keyboard, whatever the number of events: the arrow keys go from moment to moment.
 */
import { useId } from "react";
import { useSearchParams } from "react-router";
import type { CallEvent } from "../../api/queries";
import { withPhones } from "../../ui/phone";
import { exactTime } from "../../ui/time";
import { atMoment, momentOf, momentsOf } from "./asKnown";

export function Moments({ items }: { items: CallEvent[] }) {
  const id = useId();
  const [search, setSearch] = useSearchParams();
  const at = momentOf(search);
  const moments = momentsOf(items);
  if (moments.length === 0) return null;

  function choose(place: number) {
    // Not one step of the way back for each moment passed.
    setSearch(atMoment(search, moments[place] ?? null), { replace: true, preventScrollReset: true });
  }

  return (
    <div className="flex items-center gap-3 px-5 pb-2 text-xs">
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
    </div>
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
