/**
 * Who is signed in, for which account they act, and what they may do there. The api decides
 * every right anew; here it is asked only so that nobody is shown a control that would be refused.
 */
import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { readAs, readAsBrowser } from "../reader";
import { type AnswerOf, act, answer, client } from "./client";
import { isKind } from "./problem";
import type { paths } from "./schema";
import { forgetSession, noteSession, recognise, showNobody } from "./session";

export type Me = AnswerOf<paths["/api/auth/me"]["get"]>;
export type Membership = Me["accounts"][number];
export type Role = Membership["role"];

export function meQuery() {
  return queryOptions({
    queryKey: ME,
    queryFn: async ({ signal }) => {
      const me = await answer(client.GET("/api/auth/me", { signal }));
      recognise(me.user.id, me.account.id);
      return admit(me);
    },
    staleTime: 60_000,
  });
}

const ME = ["me"];

/** Behind the gate only: there it is known before the first page is drawn. */
export function useMe(): Me {
  const { data } = useQuery(meQuery());
  if (!data) throw new Error("who is signed in is known behind the gate alone");
  return data;
}

/** `edit`: change businesses. `own`: members, keys, export and deletion of the account. */
export function may({ account }: Me, what: "edit" | "own") {
  return account.role === "owner" || (what === "edit" && account.role === "manager");
}

/** For a loader: behind the gate it is known before any of them asks. */
export function mayHere(queries: QueryClient, what: "edit" | "own") {
  const me = queries.getQueryData(meQuery().queryKey);
  return me !== undefined && may(me, what);
}

export function isAdmin({ user }: Me) {
  return user.role === "admin";
}

/** An administrator in an account that is none of theirs. */
export function isLooking({ account, accounts }: Me) {
  return !accounts.some(({ id }) => id === account.id);
}

/** Somebody has just signed in here: nothing an earlier person saw is kept. */
export function enter(queries: QueryClient, me: Me) {
  queries.clear();
  queries.setQueryData(ME, admit(me));
}

/** What the person changed about themselves. The change stands without an answer: a later one shows it. */
export async function askWhoIAm(queries: QueryClient) {
  await queries.query({ ...meQuery(), staleTime: 0 }).catch(() => undefined);
}

/** Goes over to another account; everything on screen is asked for again on its behalf. */
export async function actFor(queries: QueryClient, account_id: string) {
  // What is still asked for would be asked for of the other account.
  await queries.cancelQueries();
  goOver(queries, await act(() => client.POST("/api/auth/account", { body: { account_id } })));
}

export function goOver(queries: QueryClient, me: Me) {
  queries.setQueryData(ME, admit(me));
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "me" });
}

export type Where = "here" | "everywhere";

/**
 * Ends the session, on the server first: nobody is told that they are signed out before they are.
 * Called when the pages have made way, so that none of them asks with a session that has ended.
 */
export async function signOut(queries: QueryClient, where: Where) {
  await queries.cancelQueries();
  // This browser's session ends, whoever it is for by now; elsewhere only those of who asked.
  const showAgain = where === "here" ? showNobody() : undefined;
  try {
    await act(() => (where === "everywhere" ? client.DELETE("/api/auth/sessions") : client.POST("/api/auth/logout")));
  } catch (error) {
    // It had ended already.
    if (!isKind(error, "unauthorised")) {
      // The dashboard is offered again, and it is still theirs.
      showAgain?.();
      throw error;
    }
  }
  forgetSession();
  readAsBrowser();
  queries.clear();
}

function admit(me: Me) {
  noteSession(me.user.id, me.account.id);
  readAs(me.user);
  return me;
}
