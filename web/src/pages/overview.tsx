/** One glance: is it working, did I miss anything, is it worth the money. */
import { type QueryClient, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { clientsQuery } from "../api/businesses";
import { readFilter } from "../api/callFilter";
import { lastDay, lastMonthByNow, monthOf } from "../api/period";
import { type Whose, askAhead, callsQuery, pastStatsQuery, statsQuery, subscriptionQuery } from "../api/queries";
import { serverNow } from "../api/serverClock";
import { CallCharts } from "./overview/CallCharts";
import { FirstSteps } from "./overview/FirstSteps";
import { MonthFigures } from "./overview/MonthFigures";
import { NeedsYou } from "./overview/NeedsYou";
import { Newest } from "./overview/Newest";
import { Now } from "./overview/Now";
import { Freshness } from "./shell/Freshness";
import { PageHead } from "./shell/PageHead";

export function ask(queries: QueryClient, url: URL) {
  const asked = questions(whoseOf(url.searchParams));
  return askAhead(
    queries.query(asked.live),
    queries.query(asked.ringing),
    queries.query(asked.newest),
    queries.query(asked.month),
    queries.query(asked.monthBefore),
    queries.query(asked.beforeByNow),
    queries.query(asked.day),
    queries.query(asked.subscription),
    queries.query(clientsQuery()),
  );
}

export function Overview() {
  const [search] = useSearchParams();
  const whose = whoseOf(search);
  const ask = questions(whose);
  const live = useQuery(ask.live);
  const ringing = useQuery(ask.ringing);
  const newest = useQuery(ask.newest);
  const month = useQuery(ask.month);
  const monthBefore = useQuery(ask.monthBefore);
  const beforeByNow = useQuery(ask.beforeByNow);
  const day = useQuery(ask.day);
  const subscription = useQuery(ask.subscription);

  return (
    <div className="mx-auto flex max-w-page flex-col gap-4 px-4 py-4 rail:px-6 rail:py-5">
      <PageHead title="Overview">
        <Freshness freshness={newest.data?.freshness} failed={newest.isError} />
      </PageHead>
      <FirstSteps current={subscription.data} />
      <Now {...{ live, ringing, whose }} />
      <MonthFigures {...{ month, beforeByNow, whose }} />
      <NeedsYou {...{ day, subscription, whose }} />
      <CallCharts {...{ month, monthBefore, whose }} />
      <Newest {...{ newest, whose }} />
    </div>
  );
}

/** How many live calls are asked for: more than anyone can watch. */
const LIVE_LIMIT = 20;
const NEWEST_LIMIT = 8;

function questions(whose: Whose) {
  const now = new Date(serverNow());
  return {
    live: callsQuery({ ...whose, state: "live" }, { limit: LIVE_LIMIT }),
    ringing: callsQuery({ ...whose, state: "ringing" }, { limit: LIVE_LIMIT }),
    newest: callsQuery(whose, { limit: NEWEST_LIMIT }),
    month: statsQuery(monthOf(now), whose),
    monthBefore: pastStatsQuery(monthOf(now, -1), whose),
    beforeByNow: pastStatsQuery(lastMonthByNow(now), whose),
    day: statsQuery(lastDay(now), whose),
    subscription: subscriptionQuery(),
  };
}

function whoseOf(search: URLSearchParams): Whose {
  const { client_id, unassigned } = readFilter(search).filter;
  return { ...(client_id && { client_id }), ...(unassigned && { unassigned }) };
}
