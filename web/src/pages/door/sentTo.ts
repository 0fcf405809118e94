/**
 * To whom a mail was sent, kept with a step of the history: loading the page again still says so. As a step
 * of its own, going back leads to the form. Never a password.
 */
import { useCallback } from "react";
import { useLocation, useNavigate } from "react-router";

export interface SentTo {
  email: string;
  name?: string;
}

export function useSentTo(isOwnStep = true): [SentTo | null, (to: SentTo | null) => Promise<void>] {
  const { pathname, search, state } = useLocation() as { pathname: string; search: string; state: unknown };
  const navigate = useNavigate();
  const keep = useCallback(
    async (sentTo: SentTo | null) => {
      // Back at the form the mail is not said to be on its way by the next reload.
      const replace = !isOwnStep || sentTo === null;
      await navigate({ pathname, search }, { state: sentTo && { sentTo }, replace, preventScrollReset: true });
    },
    [navigate, pathname, search, isOwnStep],
  );
  return [sentToIn(state), keep];
}

/** A state may be of another version of this page. */
function sentToIn(state: unknown): SentTo | null {
  const sentTo = isObject(state) && isObject(state.sentTo) ? state.sentTo : null;
  if (typeof sentTo?.email !== "string") return null;
  return { email: sentTo.email, ...(typeof sentTo.name === "string" && { name: sentTo.name }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
