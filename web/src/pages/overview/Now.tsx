/**
 * The calls going on at this moment, longest first: a new one joins at the end and
 * moves nothing. The card keeps its height whether one rings or twenty.
 */
import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "react-router";
import type { Call, CallPage, Whose } from "../../api/queries";
import { serverNow } from "../../api/serverClock";
import { paths } from "../../paths";
import { AwaitingRows } from "../../ui/Awaiting";
import { buttonLook } from "../../ui/Button";
import { classes } from "../../ui/classes";
import { Panel } from "../../ui/Panel";
import { ROW_LINK, Row, Rows } from "../../ui/Rows";
import { RunningClock } from "../../ui/RunningClock";
import { WhereToRing } from "../calls/WhereToRing";
import { callerWords, clientWords } from "../calls/words";
import { Failure } from "../shell/Failure";

const SHOWN = 4;

interface Props {
  live: UseQueryResult<CallPage>;
  ringing: UseQueryResult<CallPage>;
  whose: Whose;
}

export function Now({ live, ringing, whose }: Props) {
  const failed = live.error ?? ringing.error;
  const known = live.data && ringing.data;
  const calls = [...(live.data?.items ?? []), ...(ringing.data?.items ?? [])].sort((a, b) =>
    a.started_at.localeCompare(b.started_at),
  );
  const hidden = known ? calls.length - SHOWN : 0;
  return (
    <Panel
      title="Now"
      hint={known && calls.length > 0 ? summed(live.data, ringing.data) : null}
      flush
      control={hidden > 0 && <AllOfThem {...{ live: live.data, ringing: ringing.data, whose }} />}
    >
      <div className="@container">
        <div className="h-61 overflow-hidden border-t border-line @table:h-41">
          {known ? (
            calls.length > 0 ? (
              <Rows label="Calls going on now" columns={COLUMNS} headless>
                {calls.slice(0, SHOWN).map((call) => (
                  <LiveRow key={call.id} call={call} />
                ))}
              </Rows>
            ) : (
              <Quiet whose={whose} />
            )
          ) : failed ? (
            <Failure error={failed} again={() => void Promise.all([live.refetch(), ringing.refetch()])} />
          ) : (
            <AwaitingRows rows={SHOWN} className="h-15 @table:h-10" />
          )}
        </div>
      </div>
    </Panel>
  );
}

const COLUMNS = [
  { name: "Clock", width: "minmax(84px, auto)" },
  { name: "Caller", width: "minmax(0, 1fr)" },
  { name: "Business", width: "minmax(0, 1fr)" },
  { name: "State", width: "120px" },
];

function LiveRow({ call }: { call: Call }) {
  const talking = call.state === "live";
  return (
    <Row columns={COLUMNS}>
      <span
        role="cell"
        className={classes(
          "order-2 flex items-center justify-end gap-2 text-md font-semibold @table:order-none @table:justify-start",
          talking ? "text-accent" : "text-quiet",
        )}
      >
        <span
          aria-hidden
          className={classes("size-2 shrink-0 rounded-full", talking ? "bg-accent" : "border-2 border-accent")}
        />
        <RunningClock since={call.answered_at ?? call.started_at} now={serverNow} />
      </span>
      <span role="cell" className="figures order-1 min-w-0 truncate font-medium @table:order-none">
        <Link data-row to={paths.call(call.id)} className={ROW_LINK}>
          <bdi>{callerWords(call)}</bdi>
        </Link>
      </span>
      <span role="cell" className="order-3 min-w-0 truncate text-quiet @table:order-none @table:text-ink">
        <span aria-hidden className="text-quiet">
          →{" "}
        </span>
        <bdi>{clientWords(call)}</bdi>
      </span>
      <span role="cell" className="order-4 text-right whitespace-nowrap text-quiet @table:order-none">
        {talking ? "on the line" : "ringing"}
      </span>
    </Row>
  );
}

/** More than are shown. A list is of one state, so each has its own, named by what is in it. */
function AllOfThem({ live, ringing, whose }: { live?: CallPage; ringing?: CallPage; whose: Whose }) {
  const lists = [
    { state: "live", words: "All on the line", calls: live },
    { state: "ringing", words: "All ringing", calls: ringing },
  ] as const;
  return (
    <div className="flex flex-wrap justify-end gap-x-4">
      {lists
        .filter(({ calls }) => calls && calls.items.length > 0)
        .map(({ state, words }) => (
          <Link key={state} to={paths.calls({ ...whose, state })} className={buttonLook("text", "text-xs")}>
            {words}
          </Link>
        ))}
    </div>
  );
}

/** Nobody is ringing: says so, and which number to try. */
function Quiet({ whose }: { whose: Whose }) {
  return (
    <div className="flex h-full flex-col items-center justify-center gap-1 px-5 text-center">
      <p className="text-md font-semibold">Nobody is on the line</p>
      <div className="max-w-reading text-quiet">
        <WhereToRing whose={whose} />
      </div>
    </div>
  );
}

function summed(live: CallPage, ringing: CallPage) {
  // Beyond the first page they are not counted: nobody watches that many.
  const count = ({ items, next_cursor }: CallPage) => (next_cursor ? `${items.length} or more` : String(items.length));
  return [
    live.items.length > 0 && `${count(live)} on the line`,
    ringing.items.length > 0 && `${count(ringing)} ringing`,
  ]
    .filter(Boolean)
    .join(", ");
}
