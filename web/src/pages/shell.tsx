/** What stands around every page: the rail or the bottom bar, and the live connection. */
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { NavLink, Outlet, ScrollRestoration, useRouteError, useSearchParams } from "react-router";
import { followLive } from "../api/live";
import { closeSession } from "../api/session";
import { ClientSwitch } from "../forms/ClientSwitch";
import { paths } from "../paths";
import { Button } from "../ui/Button";
import { classes } from "../ui/classes";
import { Notice } from "../ui/Notice";

export function Shell() {
  const queries = useQueryClient();
  useEffect(() => followLive(queries), [queries]);
  return (
    <div className="rail:grid rail:grid-cols-[208px_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only z-30 rounded-inner bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <header className="flex items-center gap-3 px-4 pt-3 rail:sticky rail:top-0 rail:h-dvh rail:flex-col rail:items-stretch rail:gap-5 rail:border-r rail:border-line rail:px-3 rail:py-5">
        <div className="flex min-w-0 flex-1 items-center gap-3 rail:flex-none rail:flex-col rail:items-stretch rail:gap-5">
          <p className="flex items-center gap-2 font-semibold rail:px-2">
            <img src="/icon.svg" alt="" width="24" height="24" />
            <span className="sr-only rail:not-sr-only">Frontdesk</span>
          </p>
          <div className="min-w-0 flex-1 rail:flex-none">
            <ClientSwitch />
          </div>
        </div>
        <Destinations />
        <Leave />
      </header>
      <main id="content" tabIndex={-1} className="min-w-0 pb-20 outline-none rail:pb-0">
        <Outlet />
      </main>
      <ScrollRestoration />
    </div>
  );
}

function Leave() {
  const queries = useQueryClient();
  async function leave() {
    await closeSession();
    queries.clear();
  }
  return (
    <div className="shrink-0 rail:mt-auto rail:px-2">
      <Button look="text" className="min-h-11 rail:min-h-6" onClick={() => void leave()}>
        Sign out
      </Button>
    </div>
  );
}

/** On phones a bar within the thumb's reach, on desktops part of the rail. */
function Destinations() {
  const [search] = useSearchParams();
  const kept = new URLSearchParams();
  for (const name of ["client_id", "unassigned"]) {
    const value = search.get(name);
    if (value) kept.set(name, value);
  }
  const whose = kept.size > 0 ? `?${kept.toString()}` : "";
  return (
    <nav
      aria-label="Pages"
      className="fixed inset-x-0 bottom-0 z-20 grid grid-cols-3 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] rail:static rail:flex rail:flex-col rail:gap-0.5 rail:border-0 rail:bg-transparent"
    >
      <Destination to={paths.overview(whose)} end icon={<path d="M3 9.5 10 4l7 5.5V16H3zM8 16v-4h4v4" />}>
        Overview
      </Destination>
      <Destination
        to={`/calls${whose}`}
        icon={<path d="M5 3h3l1.5 4-2 1.5a9 9 0 0 0 4 4l1.5-2 4 1.5v3a2 2 0 0 1-2 2A12 12 0 0 1 3 5a2 2 0 0 1 2-2Z" />}
      >
        Calls
      </Destination>
      <Destination to={paths.billing(whose)} icon={<path d="M3 5h14v10H3zM3 8.5h14M6 12h3" />}>
        Billing
      </Destination>
    </nav>
  );
}

function Destination({
  to,
  end = false,
  icon,
  children,
}: {
  to: string;
  end?: boolean;
  icon: ReactNode;
  children: ReactNode;
}) {
  return (
    <NavLink
      to={to}
      end={end}
      className={({ isActive }) =>
        classes(
          "flex min-h-14 flex-col items-center justify-center gap-0.5 text-xs font-medium transition-colors",
          "rail:min-h-9 rail:flex-row rail:justify-start rail:gap-2.5 rail:rounded-inner rail:px-2 rail:text-sm",
          isActive ? "text-accent rail:bg-accent-soft" : "text-quiet hover:text-ink rail:hover:bg-sunken",
        )
      }
    >
      <svg
        aria-hidden
        viewBox="0 0 20 20"
        className="size-5 rail:size-4.5"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinejoin="round"
      >
        {icon}
      </svg>
      {children}
    </NavLink>
  );
}

/** A page that broke: most often its code was replaced by a newer version while it was open. */
export function Broken() {
  const error = useRouteError();
  return (
    <main className="flex min-h-dvh items-center">
      <title>Frontdesk</title>
      <Notice
        failure
        title="This page could not be drawn"
        action={<Button onClick={() => window.location.reload()}>Load it again</Button>}
      >
        <p>Calls are still taken and saved. If Frontdesk was updated a moment ago, loading again is all it needs.</p>
        {error instanceof Error && <p className="text-xs">{error.message}</p>}
      </Notice>
    </main>
  );
}
