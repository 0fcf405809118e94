/**
 * The questions about calls, figures and payments, with the key each is remembered by. The
 * first part of a key is what `live.ts` names when something changed: "calls", "call",
 * "stats", "billing". Answers are kept by Query alone.
 */
import { QueryClient, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { timeZone } from "../reader";
import { type CallFilter, filterQuery } from "./callFilter";
import { type AnswerOf, answer, client } from "./client";
import type { paths } from "./schema";
import type { Period } from "./period";
import { Problem } from "./problem";
import { ForAnother } from "./session";

type Answer<P extends { get: unknown }> = AnswerOf<P["get"]>;

export type CallPage = Answer<paths["/api/calls"]>;
export type Call = CallPage["items"][number];
export type Hit = NonNullable<Call["hits"]>[number];
export type OneCall = Answer<paths["/api/calls/{id}"]>;
export type Turn = OneCall["turns"][number];
export type CallEvent = Answer<paths["/api/calls/{id}/events"]>["items"][number];
export type Stats = Answer<paths["/api/stats"]>;
export type Totals = Stats["totals"];
export type Freshness = CallPage["freshness"];
export type Money = Totals["revenue"][number];
export type CurrentSubscription = Answer<paths["/api/subscriptions/current"]>;
export type Subscription = NonNullable<CurrentSubscription["subscription"]>;
export type Invoice = Answer<paths["/api/invoices"]>["items"][number];

export const PAGE = 50;

/** Whose calls: one client's, those without a client, or everybody's. */
export type Whose = Pick<CallFilter, "client_id" | "unassigned">;

export function openQueries() {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // The stream names every change, so what was just read need not be asked for again.
        staleTime: 10_000,
        retry: (failures, error) => failures < 2 && !isAnswered(error),
        retryOnMount: ({ state }) => !(isAnswered(state.error) && Date.now() - state.errorUpdatedAt < JUST_NOW_MS),
        // A dashboard on this very machine answers without any network.
        networkMode: "always",
      },
    },
  });
}

/** A page is drawn after its questions were sent: what was refused meanwhile it need not ask again. */
const JUST_NOW_MS = 5_000;

/** Asking again would hear the same. */
function isAnswered(error: Error | null) {
  return error instanceof ForAnother || (error instanceof Problem && error.status < 500);
}

/** A page's questions, sent before it is drawn. What fails is said by the page, which asks the same. */
export function askAhead(...asked: Promise<unknown>[]) {
  for (const one of asked) one.catch(() => undefined);
  return null;
}

export function callsQuery(filter: CallFilter, page: { limit?: number; cursor?: string | null } = {}) {
  const query = { ...filterQuery(filter), limit: page.limit ?? PAGE, ...(page.cursor && { cursor: page.cursor }) };
  return queryOptions({
    queryKey: ["calls", query],
    queryFn: ({ signal }) => answer(client.GET("/api/calls", { params: { query }, signal })),
    // Changes come by themselves. This is for what no change tells: that the answer has aged,
    // or that the connection died without a word.
    refetchInterval: ({ state }) => (state.data?.freshness.state === "live" ? 30_000 : 3_000),
    // The rows stand, dimmed, until the next ones are there.
    placeholderData: keepPreviousData,
  });
}

export function callQuery(id: string) {
  return queryOptions({
    queryKey: ["call", id],
    queryFn: ({ signal }) => answer(client.GET("/api/calls/{id}", { params: { path: { id } }, signal })),
  });
}

export function callEventsQuery(id: string) {
  return queryOptions({
    queryKey: ["call", id, "events"],
    queryFn: ({ signal }) => answer(client.GET("/api/calls/{id}/events", { params: { path: { id } }, signal })),
  });
}

export function statsQuery(period: Period, whose: Whose) {
  return queryOptions({
    queryKey: ["stats", period, whose],
    queryFn: ({ signal }) => askStats(period, whose, signal),
    placeholderData: keepPreviousData,
  });
}

/** A period that is over: no live change asks for it again. */
export function pastStatsQuery(period: Period, whose: Whose) {
  return queryOptions({
    queryKey: ["past", period, whose],
    queryFn: ({ signal }) => askStats(period, whose, signal),
    staleTime: 10 * 60_000,
    placeholderData: keepPreviousData,
  });
}

function askStats(period: Period, whose: Whose, signal: AbortSignal) {
  const query = { ...period, ...whose, tz: timeZone() };
  return answer(client.GET("/api/stats", { params: { query }, signal }));
}

/** What the account that is looked at pays for. */
export function subscriptionQuery() {
  return queryOptions({
    queryKey: ["billing", "subscription"],
    queryFn: ({ signal }) => answer(client.GET("/api/subscriptions/current", { signal })),
  });
}

export function invoicesQuery(cursor: string | null) {
  const query = { limit: PAGE, ...(cursor && { cursor }) };
  return queryOptions({
    queryKey: ["billing", "invoices", query],
    queryFn: ({ signal }) => answer(client.GET("/api/invoices", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}
