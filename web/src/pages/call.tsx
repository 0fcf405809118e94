/**
 * One call: who and when, what was said, how fast we answered, and the events it was computed from;
 * as it is now, or as it was known at the moment the address names.
 */
import { type QueryClient, useQuery } from "@tanstack/react-query";
import { type ComponentProps, useEffect, useRef } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import { isId, readFilter } from "../api/callFilter";
import {
  type Hit,
  type OneCall as OneAnswer,
  askAhead,
  callEventsQuery,
  callQuery,
  callsQuery,
} from "../api/queries";
import { Problem } from "../api/problem";
import { serverNow } from "../api/serverClock";
import { paths } from "../paths";
import { Awaiting } from "../ui/Awaiting";
import { buttonLook } from "../ui/Button";
import { classes } from "../ui/classes";
import { Notice } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { atMoment, knownQuery, momentOf } from "./call/asKnown";
import { Behind } from "./call/Behind";
import { CallHead } from "./call/CallHead";
import { Latencies } from "./call/Latencies";
import { Moments } from "./call/Moments";
import { Transcript } from "./call/Transcript";
import { WhatHappened } from "./call/WhatHappened";
import { Lost } from "./lost";
import { Failure } from "./shell/Failure";
import { Freshness } from "./shell/Freshness";

export function ask(queries: QueryClient, id: string) {
  if (!isId(id)) return null;
  return askAhead(queries.query(callQuery(id)), queries.query(callEventsQuery(id)));
}

export function OneCall() {
  const { id = "" } = useParams();
  // What is no id is not asked for: no call could have it.
  return isId(id) ? <Call id={id} /> : <Lost />;
}

function Call({ id }: { id: string }) {
  const [search] = useSearchParams();
  const at = momentOf(search);
  const { one, isKnown } = useCall(id, at);
  const events = useQuery(callEventsQuery(id));
  const hits = useHits(id, search);
  const top = useRef<HTMLDivElement>(null);
  useFullScreenFocus(top, id);
  const list = atMoment(search, null);

  return (
    <article
      ref={top}
      tabIndex={-1}
      aria-label="One call"
      className="@container mx-auto flex max-w-page flex-col gap-4 px-4 py-4 outline-none rail:px-6 rail:py-5"
    >
      <div className="flex min-h-9 items-center justify-between gap-4">
        <Link to={paths.calls(list)} className={buttonLook("text", "min-h-9")}>
          <span aria-hidden className="beside:hidden">
            ‹
          </span>
          <span className="beside:hidden">All calls</span>
          <span className="hidden beside:inline">Close</span>
        </Link>
        {/* Beside the list, the list says it already. */}
        <div className="beside:hidden">
          <Freshness freshness={one.data?.freshness} failed={one.isError} />
        </div>
      </div>
      {(!one.error || at !== null) && <Moments items={events.isError ? [] : events.data?.items} />}
      <div className={classes("flex flex-col gap-4", UNDER_MOMENTS, at !== null && "min-h-dvh")}>
        {one.data ? (
          <Known {...{ one: one.data, isOld: one.isPlaceholderData, events, at, hits }} />
        ) : isKnown ? (
          <NotYet events={events} at={at} />
        ) : one.error ? (
          <div className="card">
            <Failure error={one.error} again={() => void one.refetch()} />
          </div>
        ) : (
          <AwaitingCall />
        )}
      </div>
    </article>
  );
}

/**
 * What the slider changes. It is as tall as the screen in the past, so that the page stays scrolled where
 * it is; the browser keeps nothing in place by itself; and what gets the focus is not under the slider.
 */
const UNDER_MOMENTS = "[overflow-anchor:none] [&_:is(a,button,summary,h2)]:scroll-mt-24";

interface KnownProps {
  one: OneAnswer;
  /** The moment before, until this one is told. */
  isOld: boolean;
  events: ComponentProps<typeof WhatHappened>["events"];
  at: string | null;
  hits: Hit[];
}

function Known({ one: { call, turns, complete }, isOld, events, at, hits }: KnownProps) {
  return (
    <div aria-busy={isOld} className={classes("flex flex-col gap-4 transition-opacity", isOld && "opacity-60")}>
      {at !== null && !complete && (
        <p className="rounded-inner bg-late-soft px-3 py-1.5 text-late">
          The room had more events than can be looked at, so something may be missing.
        </p>
      )}
      <CallHead call={call} now={new Date(serverNow())} at={at} />
      <div className="grid items-start gap-4 @table:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Transcript {...{ call, turns, hits }} />
        <div className="flex min-w-0 flex-col gap-4">
          <WhatHappened events={events} at={at} />
          <Latencies latencies={call.latencies} />
          <Behind call={call} />
        </div>
      </div>
    </div>
  );
}

/** The moment is before the call. */
function NotYet(happened: ComponentProps<typeof WhatHappened>) {
  return (
    <>
      <title>Call · Frontdesk</title>
      <div className="card">
        <Notice title="Nothing was known of this call then">
          <p>Its first event came later.</p>
        </Notice>
      </div>
      <WhatHappened {...happened} />
    </>
  );
}

/** The call now, or at a moment of the past; and whether it is missing then and known now. */
function useCall(id: string, at: string | null) {
  const now = useQuery(callQuery(id));
  const then = useQuery({
    ...knownQuery(id, at ?? ""),
    enabled: at !== null,
    // The page stands, dimmed, until the past is told.
    placeholderData: (before) => (before?.call.id === id ? before : now.data),
  });
  const missing = then.error instanceof Problem && then.error.status === 404;
  return { one: at === null ? now : then, isKnown: missing && now.data !== undefined };
}

/** Where the words were said that the list beside this call looks for: its answer knows. */
function useHits(id: string, search: URLSearchParams) {
  const { filter } = readFilter(search);
  const found = useQuery({
    ...callsQuery(filter, { cursor: search.get("cursor") }),
    enabled: filter.q !== undefined,
    select: ({ items }) => items.find((call) => call.id === id)?.hits,
  });
  return found.data ?? [];
}

function AwaitingCall() {
  return (
    <div aria-busy aria-label="Loading the call" role="status" className="flex flex-col gap-4">
      <title>Call · Frontdesk</title>
      <Awaiting className="h-8 w-64" />
      <Awaiting className="h-4 w-80 max-w-full" />
      <Panel title="Transcript">
        <Awaiting className="h-64 w-full" />
      </Panel>
    </div>
  );
}

/** Full screen, the call replaces the list, so the focus moves in; beside it, the list keeps the focus. */
function useFullScreenFocus(top: React.RefObject<HTMLElement | null>, id: string) {
  useEffect(() => {
    if (!window.matchMedia(BESIDE).matches) top.current?.focus();
  }, [top, id]);
}

/** The breakpoint "beside" of tokens.css. */
const BESIDE = "(min-width: 1100px)";
