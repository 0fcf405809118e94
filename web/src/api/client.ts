/**
 * The one way to the back end: typed by the OpenAPI document, errors as `Problem`.
 * It knows nothing of screens. That nobody is signed in any more is told to `session.ts`,
 * and an act that wants fresh proof of who we are waits for it in `proof.ts`.
 */
import createClient from "openapi-fetch";
import { Problem, Unreachable, isKind } from "./problem";
import { proveIdentity } from "./proof";
import type { paths } from "./schema";
import { noteServerTime } from "./serverClock";
import { loseSession, refuseForAnother, wasSignedIn } from "./session";

/** What an operation answers with when it succeeds: `AnswerOf<paths["/api/calls"]["get"]>`. */
export type AnswerOf<Operation> = Operation extends { responses: infer R } ? Body<R[keyof R & (200 | 201)]> : never;
type Body<Answer> = Answer extends { content: { "application/json": infer T } } ? T : never;

export const client = createClient<paths>({
  baseUrl: window.location.origin,
  // Looked up at each call, so that a test can put its own in place.
  fetch: async (request: Request) => {
    try {
      return await fetchWithNextSecret(request);
    } catch (error) {
      // A question taken back is no trouble; anything else here is the network's.
      throw request.signal.aborted ? error : new Unreachable();
    }
  },
});

/**
 * A session's secret changes when two-step sign-in is turned on, a password changes and the like. What was
 * asked with the one before is refused while the browser is given the next, so it is asked once more.
 */
async function fetchWithNextSecret(request: Request) {
  const response = await globalThis.fetch(request);
  if (request.method !== "GET" || response.status !== 401 || !wasSignedIn()) return response;
  await new Promise((resolve) => window.setTimeout(resolve, NEXT_SECRET_MS));
  return globalThis.fetch(request);
}

const NEXT_SECRET_MS = 500;

client.use({
  onResponse({ response }) {
    noteServerTime(response.headers.get("date"));
  },
});

/** The data of a 2xx answer; anything else is thrown as a `Problem`. */
export async function answer<T>(asked: Asked<T>): Promise<T> {
  const { data, error, response } = await asked;
  if (response.ok && data !== undefined) return data;
  throw told(response, error);
}

/**
 * Changes something. What it answers with is there only where the api says so. When the api
 * asks for proof of who we are first, the person is asked and the act is tried once more.
 */
export async function act<T>(ask: () => Asked<T>): Promise<T> {
  try {
    return await send(ask);
  } catch (error) {
    if (!isKind(error, "proof-needed")) throw error;
    await proveIdentity();
    return send(ask);
  }
}

type Asked<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

async function send<T>(ask: () => Asked<T>): Promise<T> {
  refuseForAnother();
  const { data, error, response } = await ask();
  if (!response.ok) throw told(response, error);
  // Without a body there is no data, and the type says so too.
  return data as T;
}

function told(response: Response, error: unknown) {
  const problem = new Problem(response, error);
  if (isKind(problem, "unauthorised")) loseSession();
  return problem;
}
