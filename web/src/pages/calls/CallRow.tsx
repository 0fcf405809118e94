/** One call as a row: seven columns where there is room, else two lines. */
import { Link } from "react-router";
import { serverNow } from "../../api/serverClock";
import type { Call } from "../../api/queries";
import { paths } from "../../paths";
import { classes } from "../../ui/classes";
import { money } from "../../ui/figures";
import { toneInk } from "../../ui/Mark";
import { type Column, ROW_LINK, Row } from "../../ui/Rows";
import { RunningClock } from "../../ui/RunningClock";
import { duration, moment } from "../../ui/time";
import { Hits } from "./Hits";
import { callerWords, clientWords, verdict } from "./words";

export const CALL_COLUMNS: Column[] = [
  { name: "When", width: "120px" },
  // A number is never cut.
  { name: "Caller", width: "minmax(128px, 1.2fr)" },
  { name: "Business", width: "minmax(0, 1.1fr)" },
  { name: "Result", width: "minmax(0, 1fr)" },
  { name: "Length", width: "80px", right: true },
  { name: "Captured", width: "80px", right: true },
  { name: "Summary", width: "minmax(0, 1.15fr)" },
];

export function CallRow({ call, search = "", chosen = false }: { call: Call; search?: string; chosen?: boolean }) {
  const { words, tone } = verdict(call);
  const upset = call.sentiment?.label === "negative";
  return (
    <Row
      columns={CALL_COLUMNS}
      chosen={chosen}
      title={[callerWords(call), clientWords(call), words, call.summary].filter(Boolean).join("\n")}
      below={call.hits?.length ? <Hits hits={call.hits} /> : null}
    >
      <span
        role="cell"
        className="figures order-2 text-right whitespace-nowrap text-quiet @table:order-none @table:text-left"
      >
        <time dateTime={call.started_at}>{moment(call.started_at, new Date(serverNow()))}</time>
      </span>
      <span role="cell" className="figures order-1 min-w-0 truncate font-medium @table:order-none">
        <Link data-row to={paths.call(call.id, search)} aria-current={chosen ? "true" : undefined} className={ROW_LINK}>
          <bdi>{callerWords(call)}</bdi>
        </Link>
      </span>
      <span role="cell" className={classes("hidden min-w-0 truncate @table:block", !call.client && "text-quiet")}>
        <bdi>{clientWords(call)}</bdi>
      </span>
      <span
        role="cell"
        className="order-3 flex min-w-0 items-baseline gap-1.5 overflow-hidden @table:order-none @table:block @table:truncate"
      >
        <span className="max-w-full shrink-0 truncate @table:inline">
          {/* In front, for an outcome may be too long for what follows it. */}
          {upset && <span className="text-late">Upset · </span>}
          <bdi className={toneInk(tone)}>{words}</bdi>
        </span>
        <span className="min-w-0 truncate text-quiet @table:hidden">{call.summary && <bdi> {call.summary}</bdi>}</span>
      </span>
      <span role="cell" className="figures order-4 text-right whitespace-nowrap @table:order-none">
        <Length call={call} />
      </span>
      <span role="cell" className="figures hidden truncate text-right @table:block">
        {call.revenue ? money(call.revenue) : <span className="text-quiet">–</span>}
      </span>
      <span role="cell" className="hidden min-w-0 truncate text-quiet @table:block">
        {call.summary ? <bdi>{call.summary}</bdi> : <span>–</span>}
      </span>
    </Row>
  );
}

function Length({ call }: { call: Call }) {
  if (call.state !== "ended") {
    return (
      <span className="text-accent">
        <RunningClock since={call.answered_at ?? call.started_at} now={serverNow} />
      </span>
    );
  }
  return call.talk_ms == null ? <span className="text-quiet">–</span> : duration(call.talk_ms);
}
