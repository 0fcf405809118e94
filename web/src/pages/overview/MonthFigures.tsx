/** This month's figures, each with its change in words against the same part of last month. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { CallFilter } from "../../api/callFilter";
import type { Stats, Totals, Whose } from "../../api/queries";
import { paths } from "../../paths";
import { dayOf } from "../../reader";
import { Awaiting } from "../../ui/Awaiting";
import { LESS, LONGER, change, heroCount, heroMoney, points, pointsChange } from "../../ui/figures";
import { ROW_LINK } from "../../ui/Rows";
import { classes } from "../../ui/classes";
import { clock, duration, monthName } from "../../ui/time";
import { Failure } from "../shell/Failure";

interface Props {
  month: UseQueryResult<Stats>;
  beforeByNow: UseQueryResult<Stats>;
  whose: Whose;
}

export function MonthFigures({ month, beforeByNow, whose }: Props) {
  if (month.error && !month.data) {
    return (
      <div className="card">
        <Failure error={month.error} again={() => void month.refetch()} />
      </div>
    );
  }
  const before = beforeByNow.data;
  const names = before && {
    now: month.data ? monthName(month.data.period.from) : "",
    before: monthName(before.period.from),
  };
  const tiles = month.data ? figuresOf(month.data, before?.totals, names?.before ?? "last month") : AWAITED;
  return (
    <section aria-label="This month" className="flex flex-col gap-2">
      <p className="flex min-h-5 items-baseline gap-2">
        {names && (
          <>
            <span className="shrink-0 font-semibold">{names.now} so far</span>
            <span className="truncate text-xs text-quiet">against the same part of {names.before}</span>
          </>
        )}
      </p>
      <ul className="card grid grid-cols-2 gap-px overflow-hidden bg-line sm:grid-cols-3 beside:grid-cols-6">
        {tiles.map((tile) => (
          <Tile
            key={tile.name}
            {...tile}
            to={
              tile.leads && month.data
                ? paths.calls({
                    ...whose,
                    from: dayOf(new Date(month.data.period.from)),
                    direction: "inbound",
                    ...tile.leads,
                  })
                : null
            }
          />
        ))}
      </ul>
    </section>
  );
}

interface Figure {
  name: string;
  figure: ReactNode;
  unit?: string;
  change: string | null;
  /** The calls behind the figure. */
  leads?: CallFilter;
}

/** Characters of a figure that fit one of six tiles; money in another country's words has more. */
const FITS_AT_FULL_SIZE = 8;

function Tile({ name, figure, unit, change, to }: Figure & { to: string | null }) {
  return (
    <li className="relative flex min-w-0 flex-col gap-0.5 bg-surface px-5 py-4 transition-colors has-[a]:hover:bg-sunken">
      <p className="text-xs text-quiet">
        {to ? (
          <Link to={to} className={ROW_LINK}>
            {name}
          </Link>
        ) : (
          name
        )}
      </p>
      <p
        className={classes(
          "figures truncate leading-8 font-semibold tracking-tight",
          typeof figure === "string" && figure.length > FITS_AT_FULL_SIZE ? "text-lg" : "text-xl",
        )}
      >
        {figure}
        {unit && <span className="ml-1 text-sm font-normal tracking-normal text-quiet">{unit}</span>}
      </p>
      <p className="min-h-4 truncate text-xs text-quiet">{change}</p>
    </li>
  );
}

const AWAITED: Figure[] = ["Calls", "Talked", "Answered", "Successful", "Captured", "Average call"].map((name) => ({
  name,
  figure: <Awaiting className="my-1 h-6 w-20" />,
  change: null,
}));

function figuresOf({ totals }: Stats, before: Totals | undefined, monthBefore: string): Figure[] {
  /** Nothing before is no reason to boast: the words say so instead. */
  const against = (words: (before: Totals) => string | null) =>
    before === undefined ? null : before.calls === 0 ? `none in ${monthBefore}` : words(before);
  const minutes = (ms: number) => Math.round(ms / 60_000);
  return [
    {
      name: "Calls",
      figure: heroCount(totals.calls),
      change: against((was) => change(totals.calls, was.calls, heroCount)),
      // A call counts when it has ended.
      leads: { state: "ended" },
    },
    {
      name: "Talked",
      figure: heroCount(minutes(totals.talk_ms)),
      unit: "min",
      change: against((was) => change(minutes(totals.talk_ms), minutes(was.talk_ms), heroCount)),
    },
    {
      name: "Answered",
      ...share(totals.answered_share),
      change: against((was) => shareChange(totals.answered_share, was.answered_share)),
      leads: { result: "answered" },
    },
    {
      name: "Successful",
      ...share(totals.success_share),
      change: against((was) => shareChange(totals.success_share, was.success_share)),
      // A caller who hung up first may have been reported on too.
      leads: { result: "answered", outcome: "success" },
    },
    captured(totals, before, against),
    {
      name: "Average call",
      ...average(totals.average_talk_ms),
      change: against((was) => lengthChange(totals.average_talk_ms, was.average_talk_ms)),
    },
  ];
}

/** Currencies are never added up: the largest is the figure, the others are named below it. */
function captured(
  totals: Totals,
  before: Totals | undefined,
  against: (words: (before: Totals) => string) => string | null,
): Figure {
  const [most, ...others] = [...totals.revenue].sort((a, b) => b.amount_minor - a.amount_minor);
  if (!most) return { name: "Captured", figure: "–", change: "nothing yet" };
  const was = before?.revenue.find((amount) => amount.currency === most.currency)?.amount_minor ?? 0;
  const write = (amount_minor: number) => heroMoney({ amount_minor, currency: most.currency });
  return {
    name: "Captured",
    figure: heroMoney(most),
    change:
      others.length > 0
        ? `and ${others.map((other) => heroMoney(other)).join(", ")}`
        : against(() => change(most.amount_minor, was, write, LESS)),
    // Leads nowhere: no filter finds the calls that brought money, and those that went well are others.
  };
}

/** Minutes and seconds; a call of hours counts hours and minutes instead. */
function average(ms: number | null | undefined) {
  if (ms == null) return { figure: "–" };
  const hour = 3_600_000;
  return ms < hour ? { figure: clock(ms, 1), unit: "min" } : { figure: clock(ms / 60, 1), unit: "h" };
}

function share(value: number | null | undefined) {
  return value == null ? { figure: "–" } : { figure: points(value), unit: "%" };
}

function shareChange(now: number | null | undefined, before: number | null | undefined) {
  return now == null || before == null ? null : pointsChange(now, before);
}

function lengthChange(now: number | null | undefined, before: number | null | undefined) {
  return now == null || before == null
    ? null
    : change(Math.round(now / 1000), Math.round(before / 1000), (s) => duration(s * 1000), LONGER);
}
