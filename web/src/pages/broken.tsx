/** A page that broke: its code cannot be loaded, was replaced by a newer version, or nobody answers. */
import { useCallback, useEffect, useState } from "react";
import { useRouteError } from "react-router";
import { client } from "../api/client";
import { Problem, Unreachable } from "../api/problem";
import { Button } from "../ui/Button";
import { Notice } from "../ui/Notice";

/** In place of everything. */
export function Broken() {
  return (
    <main className="flex min-h-dvh items-center">
      <title>Frontdesk</title>
      <What />
    </main>
  );
}

/** In place of one page: the way to the others stays. */
export function BrokenInside() {
  return (
    <div className="pt-16">
      <title>Not loaded · Frontdesk</title>
      <h1 className="sr-only">This page could not be loaded</h1>
      <What />
    </div>
  );
}

function What() {
  const error = useRouteError();
  // The browser's own words for it are its programmers'.
  if (isLoading(error)) return <NotLoaded title="This page could not be loaded" />;
  if (error instanceof Unreachable) return <NotLoaded title="Frontdesk does not answer" />;
  return <NotDrawn error={error} />;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;

/** It comes with the connection, and is asked for by itself then. */
function NotLoaded({ title }: { title: string }) {
  const [busy, setBusy] = useState(false);
  const again = useCallback(async () => {
    setBusy(true);
    // Loading the page anew takes away what still stands, so it must be there to be loaded.
    const isThere = await isReachable();
    if (isThere) window.location.reload();
    setBusy(false);
    return isThere;
  }, []);
  useEffect(() => {
    let timer: number | undefined;
    let wait = FIRST_RETRY_MS;
    // A browser is online a moment before anything can be reached.
    const retry = async () => {
      window.clearTimeout(timer);
      if ((await again()) || !navigator.onLine) return;
      timer = window.setTimeout(() => void retry(), wait);
      wait = Math.min(wait * 2, LAST_RETRY_MS);
    };
    const begin = () => {
      wait = FIRST_RETRY_MS;
      void retry();
    };
    window.addEventListener("online", begin);
    return () => {
      window.clearTimeout(timer);
      window.removeEventListener("online", begin);
    };
  }, [again]);
  return (
    <Notice
      failure
      title={title}
      action={
        <Button disabled={busy} onClick={() => void again()}>
          Try again
        </Button>
      }
    >
      {navigator.onLine ? (
        <p>The connection failed, or Frontdesk was updated a moment ago: then trying again is all it needs.</p>
      ) : (
        <p>There is no connection. As soon as it is back, this page is loaded by itself.</p>
      )}
      <p>Calls are still taken and saved.</p>
    </Notice>
  );
}

function NotDrawn({ error }: { error: unknown }) {
  const isAway = error instanceof Problem && error.status >= 500;
  return (
    <Notice
      failure
      title={isAway ? "Frontdesk does not answer" : "This page could not be drawn"}
      action={<Button onClick={() => window.location.reload()}>Load it again</Button>}
    >
      <p>Calls are still taken and saved. If Frontdesk was updated a moment ago, loading again is all it needs.</p>
      {error instanceof Error && <p className="text-xs">{error.message}</p>}
    </Notice>
  );
}

/** Each browser says it its own way. */
function isLoading(error: unknown) {
  return error instanceof TypeError && /dynamically imported module|module script failed/i.test(error.message);
}

/** Any answer will do. */
async function isReachable() {
  try {
    await client.GET("/api/auth/offer");
    return true;
  } catch {
    return false;
  }
}
