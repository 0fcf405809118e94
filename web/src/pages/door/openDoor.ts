/**
 * Before the pages to sign in and up are drawn: whoever is signed in is led on, and what the way
 * in offers is waited for, so that nothing moves when it is there.
 */
import type { QueryClient } from "@tanstack/react-query";
import { redirect } from "react-router";
import { keptInvitation } from "../../api/mailLink";
import { meQuery } from "../../api/me";
import { wasSignedIn } from "../../api/session";
import { offerQuery } from "../../api/settings";
import { paths, returnTo } from "../../paths";

export async function openDoor(queries: QueryClient, url: URL) {
  const search = url.searchParams;
  // Who was sent back here with something to read or to enter is not in.
  const comesBack = search.has("problem") || search.has("step");
  if (wasSignedIn() && !comesBack && (await isSignedIn(queries))) return redirect(onward(returnTo(search)));
  // Without the offer the form alone does.
  await queries.query(offerQuery()).catch(() => undefined);
  return null;
}

/** Where somebody who is in goes: where they wanted to, or to the invitation that waits for them. */
export function onward(after: string) {
  return after === paths.overview() && keptInvitation() ? paths.invitation() : after;
}

/** Asked, for a session may have ended meanwhile. Without an answer the form is shown. */
function isSignedIn(queries: QueryClient) {
  return queries.query({ ...meQuery(), staleTime: 0 }).then(
    () => true,
    () => false,
  );
}
