/** What went wrong with a question or an act, in the words of RFC 9457. */
export class Problem extends Error {
  readonly status: number;
  /** Which problem it is, for decisions: `wrong-credentials`, `number-taken`. Empty when the server did not say. */
  readonly kind: string;
  readonly title: string;
  /** What was wrong with each part of what was sent. */
  readonly errors: Fault[];
  /** The request's id, to be quoted to an operator. */
  readonly request: string | null;
  /** For how many seconds another try is in vain. */
  readonly wait: number | null;

  constructor(response: Response, body: unknown) {
    const told = isProblem(body) ? body : {};
    super(told.detail ?? told.title ?? `The server answered with status ${response.status}.`);
    this.status = response.status;
    this.kind = /^urn:frontdesk:problem:(.+)$/.exec(told.type ?? "")?.[1] ?? "";
    this.title = told.title ?? "";
    this.request = told.instance ?? null;
    this.errors = told.errors ?? [];
    const wait = Number(response.headers.get("retry-after") ?? Number.NaN);
    this.wait = Number.isFinite(wait) ? wait : null;
  }
}

/** Nobody answered at all. */
export class Unreachable extends Error {
  constructor() {
    super("Frontdesk does not answer.");
  }
}

/** Is it this problem? Anything may have been thrown. */
export function isKind(error: unknown, ...kinds: string[]): error is Problem {
  return error instanceof Problem && kinds.includes(error.kind);
}

export interface Fault {
  field: string;
  message: string;
}

interface ProblemBody {
  type?: string;
  title?: string;
  detail?: string;
  instance?: string;
  errors?: Fault[];
}

function isProblem(body: unknown): body is ProblemBody {
  return typeof body === "object" && body !== null;
}
