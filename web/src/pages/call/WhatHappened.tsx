/**
 * The source events of a call, in the order they happened, and what each changed. Repeats and late
 * ones are marked, for they explain the rest. Words alone; the types and ids behind them are one
 * press away. The slider above the page shows it as of any of their moments.
 */
import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import type { CallEvent } from "../../api/queries";
import { AwaitingRows } from "../../ui/Awaiting";
import { Button } from "../../ui/Button";
import { classes } from "../../ui/classes";
import { plural } from "../../ui/figures";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { withPhones } from "../../ui/phone";
import { exactTime, lateness } from "../../ui/time";
import { Failure } from "../shell/Failure";
import { hadCome } from "./asKnown";
import { changeWords } from "./changeWords";

interface Props {
  events: UseQueryResult<{ items: CallEvent[]; complete: boolean }>;
  /** The moment the page shows; null is now. */
  at: string | null;
}

export function WhatHappened({ events, at }: Props) {
  const { data, error } = events;
  const [withCodes, setWithCodes] = useState(false);
  return (
    <Panel
      title="What happened"
      hint={data && plural(data.items.length, "event")}
      flush
      control={
        data &&
        data.items.length > 0 && (
          <Button look="text" className="text-xs" aria-pressed={withCodes} onClick={() => setWithCodes(!withCodes)}>
            {withCodes ? "Hide codes" : "Show codes"}
          </Button>
        )
      }
    >
      {data ? (
        data.items.length === 0 ? (
          <p className="px-5 pb-5 text-quiet">{data.complete ? NONE : UNREADABLE}</p>
        ) : (
          <>
            <Events items={data.items} withCodes={withCodes} at={at} />
            {!data.complete && <p className="px-5 pb-4 text-xs text-quiet">{CUT}</p>}
          </>
        )
      ) : error ? (
        <Failure error={error} again={() => void events.refetch()} />
      ) : (
        <AwaitingRows rows={5} />
      )}
    </Panel>
  );
}

const NONE = "No event is kept for this call any more.";
const UNREADABLE = "The events of this call cannot be read at the moment. The call itself is not affected.";
const CUT = "There may be more: its room has had too many events to look through, or some could not be read.";

/** From here on lateness is no hiccup: the whole call was told afterwards. */
const AFTERWARDS_MS = 60_000;

function Events({ items, withCodes, at }: { items: CallEvent[]; withCodes: boolean; at: string | null }) {
  // A mark on every line would mark none.
  const soonest = Math.min(...items.map(({ late_ms }) => late_ms ?? 0));
  const allLate = soonest >= AFTERWARDS_MS;
  return (
    <>
      {allLate && (
        <p className="px-5 pb-2 text-xs text-late">All of it arrived later, the first {lateness(soonest)} after it happened.</p>
      )}
      <ol className="flex flex-col pb-3">
        {items.map((event) => (
          <OneEvent
            key={event.sequence}
            event={event}
            markLate={!allLate}
            withCodes={withCodes}
            known={hadCome(event, at)}
          />
        ))}
      </ol>
    </>
  );
}

interface EventProps {
  event: CallEvent;
  markLate: boolean;
  withCodes: boolean;
  /** Whether it had come at the moment the page shows. */
  known: boolean;
}

function OneEvent({ event, markLate, withCodes, known }: EventProps) {
  const at = event.happened_at ?? event.received_at;
  const quiet = event.duplicate || !known;
  return (
    <li className={classes("grid grid-cols-[88px_minmax(0,1fr)] gap-x-3 px-5 py-1", quiet && "text-quiet")}>
      <time dateTime={at} className="figures text-xs leading-5 whitespace-nowrap text-quiet">
        {exactTime(at, withCodes)}
      </time>
      <div className="min-w-0">
        <p className="flex flex-wrap items-baseline gap-x-2 gap-y-0.5">
          <bdi className="[overflow-wrap:anywhere]">{withPhones(event.summary)}</bdi>
          {!known && <Mark tone="quiet">not known yet</Mark>}
          {event.duplicate && <Mark tone="quiet">repeat</Mark>}
          {markLate && event.late_ms != null && <Mark tone="late">arrived {lateness(event.late_ms)} late</Mark>}
        </p>
        {event.changes.length > 0 && (
          <p className="text-xs text-quiet [overflow-wrap:anywhere]">
            <bdi>{event.changes.map(changeWords).join(" · ")}</bdi>
          </p>
        )}
        {withCodes && (
          <p className="font-mono text-xs text-quiet [overflow-wrap:anywhere]">
            {event.type} {event.event_id} from {event.source}, number {event.sequence}, received{" "}
            {exactTime(event.received_at, true)}
          </p>
        )}
      </div>
    </li>
  );
}
