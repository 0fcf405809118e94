/**
 * The one way to the back end: typed by the OpenAPI document, errors as `Problem`.
 * It knows nothing of screens; a refused session is told to `session.ts` alone.
 */
import createClient from "openapi-fetch";
import type { paths } from "./schema";
import { noteServerTime } from "./serverClock";
import { refuseSession } from "./session";

export const client = createClient<paths>({
  baseUrl: window.location.origin,
  // Looked up at each call, so that a test can put its own in place.
  fetch: (request) => globalThis.fetch(request),
});

client.use({
  onResponse({ response }) {
    noteServerTime(response.headers.get("date"));
    if (response.status === 401) refuseSession();
  },
});

/** An answer that is not 2xx, in the words of RFC 9457. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  /** Which parts of the question were wrong, in words. */
  readonly faults: string[];
  /** The request's id, to be quoted to an operator. */
  readonly request: string | null;

  constructor(status: number, body: unknown) {
    const told = isProblem(body) ? body : {};
    super(told.detail ?? told.title ?? `The server answered with status ${status}.`);
    this.status = status;
    this.title = told.title ?? "";
    this.request = told.instance ?? null;
    this.faults = (told.errors ?? []).map(({ field, message }) => `${field} ${message}`);
  }
}

/** The data of a 2xx answer; anything else is thrown as a `Problem`. */
export async function answer<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok || data === undefined) throw new Problem(response.status, error);
  return data;
}

interface ProblemBody {
  title?: string;
  detail?: string;
  instance?: string;
  errors?: { field: string; message: string }[];
}

function isProblem(body: unknown): body is ProblemBody {
  return typeof body === "object" && body !== null;
}
