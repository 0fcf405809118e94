/**
 * After a while without an answer the session may have ended. Then one question goes first and the
 * others wait for what it hears: a page that wakes up with ten questions is refused once, not ten times.
 */
export interface OneFirst {
  ask: (send: () => Promise<Response>) => Promise<Response>;
}

/** A page in use hears something sooner than this, and so its questions never wait for each other. */
const QUIET_MS = 10_000;

export function oneFirst(now: () => number): OneFirst {
  let heardAt = Number.NEGATIVE_INFINITY;
  /** The refusal it heard, or null. */
  let first: Promise<Response | null> | null = null;

  async function send(question: () => Promise<Response>) {
    const answer = await question();
    if (answer.status !== 401) heardAt = now();
    return answer;
  }

  return {
    async ask(question) {
      if (now() - heardAt < QUIET_MS) return send(question);
      if (first) {
        const refusal = await first;
        return refusal ? refusal.clone() : send(question);
      }
      const sent = send(question);
      first = sent.then(
        (answer) => (answer.status === 401 ? answer.clone() : null),
        // A failure of the network says nothing about the session.
        () => null,
      );
      try {
        return await sent;
      } finally {
        first = null;
      }
    },
  };
}
