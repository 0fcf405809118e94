/** The source events of a call as they were received. Repeats and late ones are shown, for they explain the rest. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { CallEvent } from "../../api/queries";
import { AwaitingRows } from "../../ui/Awaiting";
import { classes } from "../../ui/classes";
import { plural } from "../../ui/figures";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { exactTime, tenths } from "../../ui/time";
import { Failure } from "../shell/Failure";

export function WhatHappened({ events }: { events: UseQueryResult<{ items: CallEvent[] }> }) {
  const { data, error } = events;
  return (
    <Panel title="What happened" hint={data && plural(data.items.length, "event")} flush>
      {data ? (
        data.items.length === 0 ? (
          <p className="px-5 pb-5 text-quiet">No event is kept for this call any more.</p>
        ) : (
          <ol className="flex flex-col pb-3">
            {data.items.map((event) => (
              <OneEvent key={event.sequence} event={event} />
            ))}
          </ol>
        )
      ) : error ? (
        <Failure error={error} again={() => void events.refetch()} />
      ) : (
        <AwaitingRows rows={5} />
      )}
    </Panel>
  );
}

function OneEvent({ event }: { event: CallEvent }) {
  return (
    <li className={classes("grid grid-cols-[76px_minmax(0,1fr)] gap-x-3 px-5 py-1.5", event.duplicate && "text-quiet")}>
      <time
        dateTime={event.happened_at ?? event.received_at}
        title={`Received ${exactTime(event.received_at)}, sequence ${event.sequence}`}
        className="figures pt-px text-xs leading-5 text-quiet"
      >
        {exactTime(event.happened_at ?? event.received_at)}
      </time>
      <div className="min-w-0">
        <p className="flex flex-wrap items-baseline gap-x-2 gap-y-0.5">
          <bdi className="[overflow-wrap:anywhere]">{event.summary}</bdi>
          {event.duplicate && <Mark tone="quiet">repeat</Mark>}
          {event.late_ms != null && <Mark tone="late">late by {tenths(event.late_ms)}</Mark>}
        </p>
        <p className="truncate text-xs text-quiet" title={`${event.source} ${event.event_id}`}>
          {event.type}
        </p>
      </div>
    </li>
  );
}
