/** Where pages are tested: the real routes and queries, before an api that answers what a test says. */
import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import { RouterProvider, createMemoryRouter } from "react-router";
import { vi } from "vitest";
import type { Business, Professions } from "../api/businesses";
import type { Me } from "../api/me";
import { type Call, type OneCall, type Subscription, openQueries } from "../api/queries";
import { forgetSession } from "../api/session";
import { readAsBrowser } from "../reader";
import { App, routes } from "../routes";

export const ID = "0190c5f2-7b1a-7c3e-8a55-0f4f6b1f2d11";
export const OTHER_ID = "0190c5f2-7b1a-7c3e-8a55-0f4f6b1f2d12";
export const FRESH = { as_of: "2026-11-23T10:00:00.000Z", lag_events: 0, lag_ms: 90, state: "live" };

const ANN = "0190c5f2-7b1a-7c3e-8a55-0f4f6b1f2da1";

export const ME: Me = {
  user: {
    id: ANN,
    name: "Ann Able",
    email: "ann@example.com",
    role: "owner",
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    locale: "en-US",
    deletion_due_at: null,
  },
  account: { id: ANN, name: "Ann Able", role: "owner" },
  accounts: [{ id: ANN, name: "Ann Able", role: "owner" }],
  session: { id: OTHER_ID, method: "password", proven_until: "2026-11-23T10:15:00.000Z" },
  has_password: true,
  second_factor: false,
  recovery_codes: null,
  email_change: null,
};

export const CALL: Call = {
  id: ID,
  client: { id: ID, name: "Bright Smile Dental" },
  channel: "phone",
  direction: "inbound",
  caller_number: "+12025550147",
  caller_name: null,
  dialled_number: "+12025550100",
  state: "ended",
  result: "answered",
  started_at: "2026-11-23T09:57:46.000Z",
  answered_at: "2026-11-23T09:57:49.000Z",
  ended_at: "2026-11-23T10:00:20.000Z",
  ring_ms: 3_000,
  talk_ms: 151_000,
  end_reason: { code: "CLIENT_INITIATED", by: "caller", words: "The caller hung up" },
  outcome: { status: "success", label: "booked", reason: "Tuesday at ten was agreed." },
  revenue: { amount_minor: 24_000, currency: "USD" },
  sentiment: { label: "positive", score: 0.8 },
  summary: "Wants a cleaning.",
  has_recording: false,
  transferred_to: null,
  hits: null,
};

export const DETAIL: OneCall["call"] = {
  ...CALL,
  room_sid: "RM_a",
  room_name: "call-_+12025550147",
  call_key: "SCL_a",
  agent_name: "receptionist",
  transferred_at: null,
  latencies: { stt_p50_ms: 310, llm_p50_ms: 1_240, tts_p50_ms: null, e2e_p50_ms: 1_900, e2e_p95_ms: null, turns: 4 },
  usage: [],
  tags: [],
  sentiment_evidence: "Thank you so much.",
  revenue_evidence: "List price of a cleaning.",
  recording: null,
};

export const INVOICE = {
  id: "S-1",
  subscription_id: "I-Ann",
  status: "paid",
  disputed: false,
  amount: { amount_minor: 29_900, currency: "USD" },
  refunded: { amount_minor: 0, currency: "USD" },
  fee: null,
  issued_at: "2026-11-24T12:00:00Z",
};

export const CLOSED: Business["hours"] = {
  monday: [],
  tuesday: [],
  wednesday: [],
  thursday: [],
  friday: [],
  saturday: [],
  sunday: [],
};

export const ACE: Business = {
  id: ID,
  user_id: ANN,
  name: "Ace",
  profession: "plumber",
  time_zone: "UTC",
  voice: "warm",
  greeting: "Ace Plumbing, good day.",
  instructions: "Book visits.",
  hours: { ...CLOSED, monday: [{ from: "09:00", to: "17:00" }] },
  transfer_number: null,
  voice_sample: null,
  numbers: ["+12025550100"],
  version: 1,
  created_at: "2026-11-01T10:00:00Z",
  updated_at: "2026-11-01T10:00:00Z",
};

/** Chrome on Linux, as it names itself. */
export const CHROME =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/** A second business, which no number leads to. */
export const BEA = { ...ACE, id: OTHER_ID, name: "Bea", numbers: [] };

/** One that is paid for, but for what a test says. */
export function subscription(change: Partial<Subscription>): Subscription {
  return {
    id: "I-Ann",
    plan_id: null,
    status: "ACTIVE",
    words: [{ text: "Active, next payment ", day: "2026-12-24T12:00:00Z" }],
    started_at: null,
    next_billing_at: "2026-12-24T12:00:00Z",
    paid_through: "2026-12-24T12:00:00Z",
    entitled: true,
    past_due: false,
    cancelled_at: null,
    outstanding: null,
    last_payment: null,
    ...change,
  };
}

export const PROFESSIONS: Professions = {
  professions: [
    { id: "dentist", name: "Dentist", greeting: "Dental practice.", instructions: "Ask about pain." },
    { id: "plumber", name: "Plumber", greeting: "Plumbing.", instructions: "Ask about water." },
  ],
  voices: [
    { id: "warm", name: "Warm", description: "calm and friendly" },
    { id: "bright", name: "Bright", description: "quick and clear" },
  ],
};

export interface Asked {
  method: string;
  url: URL;
  body: unknown;
}

type Answer = object | ((asked: Asked) => object | Promise<Response> | Response);

/** What was asked so far, and what will be answered: `GET /api/calls` by its path alone, others with their method. */
export interface Stage {
  asked: Asked[];
  answers: Record<string, Answer>;
  /** The bodies sent to one address, in order. */
  sent: (what: string) => unknown[];
}

/** Before each test. Somebody is signed in unless a test says otherwise. */
export function setStage(): Stage {
  const stage: Stage = {
    asked: [],
    answers: {
      "/api/auth/me": ME,
      "/api/auth/offer": { providers: [], ready_accounts: [], mailbox_url: null },
      "/api/calls": { items: [], next_cursor: null, freshness: FRESH },
      "/api/clients": { items: [] },
      "/api/professions": PROFESSIONS,
      "/api/subscriptions/current": { subscription: null, freshness: FRESH },
      "/api/invoices": { items: [], next_cursor: null, freshness: FRESH },
    },
    sent: (what) =>
      stage.asked.filter(({ method, url }) => `${method} ${url.pathname}` === what).map(({ body }) => body),
  };
  localStorage.clear();
  readAsBrowser();
  forgetSession();
  // From an earlier visit: this tab shows nobody's answers yet.
  localStorage.setItem("frontdesk.session", `${ANN} ${ANN}`);
  vi.stubGlobal(
    "EventSource",
    class extends EventTarget {
      close() {
        /* the pages' tests hear no stream */
      }
    },
  );
  vi.stubGlobal("scrollTo", () => undefined);
  vi.stubGlobal("matchMedia", () => ({ matches: true }));
  vi.stubGlobal("fetch", (request: Request) => answer(stage, request));
  return stage;
}

export function problem(status: number, kind: string, more: object = {}, headers: HeadersInit = {}) {
  const body = { type: `urn:frontdesk:problem:${kind}`, title: kind, detail: `it is ${kind}`, status, ...more };
  return () => Response.json(body, { status, headers });
}

/** Whoever opens a page is not signed in. */
export function asNobody(stage: Stage) {
  forgetSession();
  stage.answers["/api/auth/me"] = problem(401, "unauthorised");
}

/** Whoever opens a page looks at somebody else's account. */
export function asMember(stage: Stage, role: string) {
  stage.answers["/api/auth/me"] = { ...ME, account: { id: OTHER_ID, name: "Bob's Dental", role } };
}

export function nothing() {
  return new Response(null, { status: 204 });
}

/** In the window itself, with what is done when the session changes. */
export function openWindow(address: string) {
  window.history.replaceState(null, "", address);
  const queries = openQueries();
  render(
    <QueryClientProvider client={queries}>
      <App queries={queries} />
    </QueryClientProvider>,
  );
  return queries;
}

export function open(address: string) {
  const queries = openQueries();
  const router = createMemoryRouter(routes(queries), { initialEntries: [address] });
  render(
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return router;
}

/** One business before an api that keeps what it is sent, and refuses what builds on an old version. */
export function keeping(stage: Stage, business: Business = ACE) {
  const one = `/api/clients/${business.id}`;
  let kept = business;
  stage.answers[one] = () => kept;
  stage.answers["/api/clients"] = () => ({ items: [kept] });
  stage.answers[`${one}/history`] = { items: [], next_cursor: null };
  stage.answers[`PUT ${one}`] = ({ body }: Asked) => {
    const sent = body as Business;
    if (sent.version !== kept.version) return problem(409, "changed-meanwhile")();
    kept = { ...kept, ...sent, version: kept.version + 1 };
    return kept;
  };
  return {
    change: (part: Partial<Business>) => (kept = { ...kept, ...part, version: kept.version + 1 }),
    now: () => kept,
  };
}

/** Text as it is read: a number does not break, but it has blanks all the same. */
export function plain(element: Element | null) {
  return (element?.textContent ?? "").replaceAll("\u00a0", " ");
}

async function answer({ asked, answers }: Stage, request: Request) {
  const url = new URL(request.url);
  const text = await request.clone().text();
  const one: Asked = { method: request.method, url, body: text === "" ? undefined : JSON.parse(text) };
  asked.push(one);
  const path = url.pathname;
  const prepared = answers[request.method === "GET" ? path : `${request.method} ${path}`];
  const given = typeof prepared === "function" ? await (prepared as (asked: Asked) => unknown)(one) : prepared;
  if (given instanceof Response) return given;
  const missing = { type: "urn:frontdesk:problem:not-found", title: "Not found", status: 404, instance: "req-7" };
  return given === undefined ? Response.json(missing, { status: 404 }) : Response.json(given);
}

/** A part of the page, by its heading. */
export async function part(name: string) {
  return within(await screen.findByRole("region", { name }));
}

/** The dialog that is open. */
export async function dialog(name?: string) {
  return within(await screen.findByRole("dialog", name ? { name } : {}));
}
