/** All calls that match the filter in the address, newest first; one call opens beside them. */
import { type QueryClient, useQuery } from "@tanstack/react-query";
import { useCallback, useLayoutEffect, useMemo, useRef } from "react";
import { Link, Outlet, useNavigate, useParams, useSearchParams } from "react-router";
import { type CallFilter, readFilter, writeFilter } from "../api/callFilter";
import { askAhead, callsQuery } from "../api/queries";
import { CallFilterForm } from "../forms/CallFilterForm";
import { LeftOut } from "../forms/LeftOut";
import { chosenParts } from "../forms/callFilterWords";
import { useAddressed } from "../forms/useNarrow";
import { paths } from "../paths";
import { buttonLook, tabLook } from "../ui/Button";
import { classes } from "../ui/classes";
import { atMoment } from "./call/asKnown";
import { CallList } from "./calls/CallList";
import { Freshness } from "./shell/Freshness";
import { PageHead } from "./shell/PageHead";

export function ask(queries: QueryClient, url: URL) {
  return askAhead(
    queries.query(callsQuery(readFilter(url.searchParams).filter, { cursor: url.searchParams.get("cursor") })),
  );
}

export function Calls() {
  const [address] = useSearchParams();
  // The moment at which a call is shown is that call's, and no filter.
  const search = useMemo(() => atMoment(address, null), [address]);
  const { id } = useParams();
  const { filter, refused } = useMemo(() => readFilter(search), [search]);
  const cursor = search.get("cursor");
  const calls = useQuery(callsQuery(filter, { cursor }));
  useEscapeToList(id, search);

  const change = useChange(filter);

  return (
    <div className={classes(id && "beside:grid beside:grid-cols-[clamp(360px,38%,440px)_minmax(0,1fr)]")}>
      <div
        className={classes(
          "min-w-0",
          id && "hidden beside:block beside:h-dvh beside:overflow-y-auto beside:border-r beside:border-line",
        )}
      >
        <div
          className={classes("mx-auto flex max-w-page flex-col gap-3 py-4 rail:py-5", id ? "px-4" : "px-4 rail:px-6")}
        >
          <PageHead title="Calls">
            <div className="flex flex-wrap items-center justify-end gap-x-4">
              {/* Exactly what is listed, older pages included. */}
              <a href={paths.callsCsv(filter)} download className={buttonLook("text", "text-xs")}>
                Download CSV
              </a>
              <Freshness freshness={calls.data?.freshness} failed={calls.isError} />
            </div>
          </PageHead>
          <div className="@container flex flex-col gap-3">
            <Quick filter={filter} />
            <CallFilterForm {...{ filter, change }} />
          </div>
          <Chosen {...{ filter, refused, change }} />
          <CallList {...{ calls, filter, search, chosenId: id }} />
        </div>
      </div>
      {id && (
        <div className="min-w-0 beside:h-dvh beside:overflow-y-auto">
          <Outlet />
        </div>
      )}
    </div>
  );
}

/** The questions asked every day, one press each. */
function Quick({ filter }: { filter: CallFilter }) {
  const chosen = quickChoice(filter);
  return (
    <nav aria-label="Which calls" className="flex min-w-0 gap-0.5 overflow-x-auto">
      {QUICK.map((choice) => {
        const current = choice === chosen;
        return (
          <Link
            key={choice.words}
            to={paths.calls({ ...filter, state: choice.state, result: choice.result })}
            aria-current={current ? "true" : undefined}
            className={tabLook(current)}
          >
            {choice.words}
          </Link>
        );
      })}
    </nav>
  );
}

const QUICK: (Pick<CallFilter, "state" | "result"> & { words: string })[] = [
  { words: "All" },
  { words: "Ringing", state: "ringing" },
  { words: "On the line", state: "live" },
  { words: "Answered", result: "answered" },
  { words: "Missed", result: "missed" },
  { words: "Gave up", result: "abandoned" },
];

function quickChoice(filter: CallFilter) {
  return QUICK.find(({ state, result }) => state === filter.state && result === filter.result);
}

/** Changes parts of the filter in the address, beginning at the newest call again. */
function useChange(inAddress: CallFilter) {
  const [, setSearch] = useSearchParams();
  const write = useCallback((filter: CallFilter) => setSearch(writeFilter(filter)), [setSearch]);
  const change = useAddressed(inAddress, write);
  return useCallback((part: Partial<CallFilter>) => change((latest) => ({ ...latest, ...part })), [change]);
}

interface ChosenProps {
  filter: CallFilter;
  refused: string[];
  change: (part: Partial<CallFilter>) => void;
}

/** What the list is narrowed to, each part with its own way out. */
function Chosen({ filter, refused, change }: ChosenProps) {
  // What a press above chose is marked there.
  const parts = chosenParts(filter).filter(
    ({ name }) => !((name === "state" || name === "result") && quickChoice(filter)),
  );
  if (parts.length === 0 && refused.length === 0) return null;
  const { client_id, unassigned } = filter;
  return (
    <div className="flex flex-wrap items-center gap-2">
      {parts.map(({ words, without }) => (
        <Link
          key={words}
          to={paths.calls(without)}
          aria-label={`Remove filter: ${words}`}
          className="inline-flex min-h-7 max-w-full items-center gap-1.5 rounded-full bg-accent-soft px-3 text-xs font-medium text-accent hover:underline"
        >
          <bdi className="truncate">{words}</bdi>
          <span aria-hidden>×</span>
        </Link>
      ))}
      {parts.length > 1 && (
        <Link to={paths.calls({ client_id, unassigned })} className={buttonLook("text", "text-xs")}>
          Clear all
        </Link>
      )}
      {/* What is understood is written anew, and the rest with it is gone. */}
      <LeftOut parts={refused} clear={() => change({})} />
    </div>
  );
}

/** Escape closes the call beside the list and gives the focus back to its row. */
function useEscapeToList(id: string | undefined, search: URLSearchParams) {
  const navigate = useNavigate();
  const closed = useRef<string | null>(null);
  // With the drawing itself: a key pressed the moment the call is seen counts, on a slow machine too.
  useLayoutEffect(() => {
    if (id === undefined) {
      const rows = Array.from(document.querySelectorAll<HTMLAnchorElement>("a[data-row]"));
      const link = rows.find(({ pathname }) => pathname === closed.current);
      closed.current = null;
      // Whoever is in a field by now stays there.
      if (link && document.activeElement?.contains(link)) link.focus();
      return;
    }
    const close = (event: KeyboardEvent) => {
      // A dialog over the call takes the key for itself.
      if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
      closed.current = paths.call(id);
      void navigate(paths.calls(search));
    };
    document.addEventListener("keydown", close);
    return () => document.removeEventListener("keydown", close);
  }, [id, search, navigate]);
}
