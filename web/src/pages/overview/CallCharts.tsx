/** Calls by day, by weekday and hour, by hour, and how callers felt: four pictures of one answer. */
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, Suspense, lazy } from "react";
import { Link } from "react-router";
import type { Stats, Whose } from "../../api/queries";
import { serverNow } from "../../api/serverClock";
import { paths } from "../../paths";
import { dayOf } from "../../reader";
import { Awaiting } from "../../ui/Awaiting";
import { ChartPanel } from "../../ui/charts/ChartPanel";
import type { DayPoint } from "../../ui/charts/DayLines";
import { HeatMap } from "../../ui/charts/HeatMap";
import { count, plural, points } from "../../ui/figures";
import { Measure } from "../../ui/Measure";
import type { Tone } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { ROW_LINK } from "../../ui/Rows";
import { hourOfDay, hourSpan, monthName } from "../../ui/time";

// The drawing library is larger than the rest of the dashboard, so the figures do not wait for it;
// but it is on its way while they are asked for.
const dayLines = import("../../ui/charts/DayLines");
const hourBars = import("../../ui/charts/HourBars");
for (const loading of [dayLines, hourBars]) loading.catch(() => undefined);
const DayLines = lazy(() => dayLines);
const HourBars = lazy(() => hourBars);

interface Props {
  month: UseQueryResult<Stats>;
  monthBefore: UseQueryResult<Stats>;
  whose: Whose;
}

export function CallCharts({ month, monthBefore, whose }: Props) {
  if (!month.data) return month.error ? null : <AwaitingCharts />;
  return (
    <>
      <div className="grid gap-4 beside:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <ByDay month={month.data} before={monthBefore.data} />
        <Panel title="When they call" hint="your time">
          <HeatMap cells={month.data.heat} />
        </Panel>
      </div>
      <div className="grid gap-4 beside:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <ByHour month={month.data} />
        <Sentiment month={month.data} whose={whose} />
      </div>
    </>
  );
}

function ByDay({ month, before }: { month: Stats; before: Stats | undefined }) {
  const series = dayPoints(month, before, new Date(serverNow()));
  const names = {
    now: monthName(month.period.from),
    before: before ? monthName(before.period.from) : "The month before",
  };
  return (
    <ChartPanel
      title="Calls by day"
      says={`Calls by day: ${plural(month.totals.calls, "call")} in ${names.now}, ${plural(before?.totals.calls ?? 0, "call")} in ${names.before}.`}
      head={["Day", names.now, names.before]}
      rows={series.map((point) => [point.day, point.now ?? "–", point.before ?? "–"])}
    >
      <Drawn empty={month.totals.calls === 0 && !before?.totals.calls}>
        <DayLines points={series} names={names} />
      </Drawn>
    </ChartPanel>
  );
}

function ByHour({ month }: { month: Stats }) {
  const hours = month.by_hour.map(({ hour, calls, answered }) => ({
    hour,
    answered,
    unanswered: Math.max(0, calls - answered),
  }));
  const unanswered = hours.reduce((sum, hour) => sum + hour.unanswered, 0);
  const busiest = month.by_hour.reduce((most, hour) => (hour.calls > most.calls ? hour : most), { hour: 0, calls: 0 });
  const peak = busiest.calls > 0 ? `busiest from ${hourSpan(busiest.hour)}` : null;
  return (
    <ChartPanel
      title="Calls by hour"
      hint={
        <>
          {peak}
          {unanswered > 0 && (
            <>
              {" · "}
              <span className="text-late">{count(unanswered)} not answered, on top</span>
            </>
          )}
        </>
      }
      says={`Calls by hour of the day${peak ? `, ${peak}` : ""}.`}
      head={["Hour", "Answered", "Not answered"]}
      rows={hours.map(({ hour, answered, unanswered }) => [hourOfDay(hour), answered, unanswered])}
    >
      <Drawn empty={month.totals.calls === 0}>
        <HourBars points={hours} />
      </Drawn>
    </ChartPanel>
  );
}

function Drawn({ empty, children }: { empty: boolean; children: ReactNode }) {
  if (empty)
    return (
      <p className="flex h-full items-center justify-center text-quiet">
        The first calls of the month draw this picture.
      </p>
    );
  return <Suspense fallback={<Awaiting className="h-full" />}>{children}</Suspense>;
}

const MOODS: { key: keyof Stats["sentiment"]; words: string; tone: Tone }[] = [
  { key: "positive", words: "Positive", tone: "good" },
  { key: "neutral", words: "Neutral", tone: "quiet" },
  { key: "negative", words: "Upset", tone: "late" },
  { key: "unknown", words: "Not known", tone: "quiet" },
];

function Sentiment({ month, whose }: { month: Stats; whose: Whose }) {
  const all = MOODS.reduce((sum, { key }) => sum + month.sentiment[key], 0);
  const from = dayOf(new Date(month.period.from));
  return (
    <Panel title="How callers felt">
      <ul className="flex h-52 flex-col justify-between">
        {MOODS.map(({ key, words, tone }) => {
          const n = month.sentiment[key];
          return (
            <li key={key} className="relative flex flex-col gap-2 rounded-inner">
              <p className="flex items-baseline justify-between gap-4">
                <Link
                  to={paths.calls({ ...whose, from, direction: "inbound", sentiment: key })}
                  className={`${ROW_LINK} hover:underline`}
                >
                  {words}
                </Link>
                <span className="figures">
                  <strong className="font-semibold">{count(n)}</strong>{" "}
                  <span className="text-quiet">{all > 0 ? `${points(n / all)} %` : ""}</span>
                </span>
              </p>
              <Measure value={n} of={all} tone={tone} />
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function AwaitingCharts() {
  const titles = [
    ["Calls by day", "When they call"],
    ["Calls by hour", "How callers felt"],
  ];
  return titles.map(([wide, narrow]) => (
    <div key={wide} className="grid gap-4 beside:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      {[wide, narrow].map((title) => (
        <Panel key={title} title={title ?? ""}>
          <Awaiting className="h-52" />
        </Panel>
      ))}
    </div>
  ));
}

/** Day 1 to 31. Days to come have no figure; a month without a call is no line at all. */
function dayPoints(month: Stats, before: Stats | undefined, now: Date): DayPoint[] {
  const current = new Map(month.by_day.map((day) => [Number(day.date.slice(8)), day.calls]));
  const past = new Map(before?.by_day.map((day) => [Number(day.date.slice(8)), day.calls]));
  const [year = 1970, monthNumber = 1, today = 1] = dayOf(now).split("-").map(Number);
  const daysOf = (month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate();
  const daysBefore = before && before.totals.calls > 0 ? daysOf(monthNumber - 1) : 0;
  const days = daysOf(monthNumber);
  return Array.from({ length: Math.max(days, daysBefore) }, (_, at) => at + 1).map((day) => ({
    day,
    ...(day <= today && { now: current.get(day) ?? 0 }),
    ...(day <= daysBefore && { before: past.get(day) ?? 0 }),
  }));
}
