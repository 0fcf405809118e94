/** What stands around every page: the rail or the bottom bar, the live connection, and what every page may need. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { type Location, NavLink, Outlet, ScrollRestoration, useLocation, useRevalidator, useSearchParams } from "react-router";
import { followLive } from "../api/live";
import { isAdmin, isLooking, meQuery } from "../api/me";
import { AccountMenu } from "../forms/AccountMenu";
import { ClientSwitch, isChosenOn } from "../forms/ClientSwitch";
import { ProofDialog } from "../forms/ProofDialog";
import { UnsavedGuard } from "../forms/Unsaved";
import { paths } from "../paths";
import { classes } from "../ui/classes";
import { DeletionPending } from "./shell/DeletionPending";
import { Looking } from "./shell/Looking";
import { useStanding } from "./shell/standing";

export function Shell() {
  useStanding();
  const queries = useQueryClient();
  const me = useQuery(meQuery()).data;
  const account = me?.account.id;
  // The channel carries one account's changes.
  useEffect(() => (account ? followLive(queries) : undefined), [queries, account]);
  const { pathname } = useLocation();
  const content = useKeptFocus(pathname);
  // Signed out a moment ago, and on the way to the door.
  if (!me) return null;
  return (
    <UnsavedGuard>
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
            {/* Its place stays, so that the destinations below do not move. */}
            <div className="min-h-10 min-w-0 flex-1 rail:flex-none">{isChosenOn(pathname) && <ClientSwitch />}</div>
          </div>
          <Destinations admin={isAdmin(me)} />
          <div className="shrink-0 rail:mt-auto">
            <AccountMenu />
          </div>
        </header>
        {/* Of another account nothing stays, not even what was begun. */}
        <main
          id="content"
          key={me.account.id}
          ref={content}
          tabIndex={-1}
          className="min-w-0 pb-20 outline-none rail:pb-0"
        >
          {isLooking(me) && <Looking me={me} />}
          <DeletionPending due={me.user.deletion_due_at} />
          <Outlet />
        </main>
      </div>
      <ProofDialog />
      <WrittenAnew reader={`${me.user.locale} ${me.user.time_zone}`} />
      <ScrollRestoration getKey={placeOf} />
    </UnsavedGuard>
  );
}

/** Each page that is loaded anew is the first of its history: where another was scrolled to is none of its business. */
function placeOf({ key, pathname }: Location) {
  return key === "default" ? pathname : key;
}

/** A link that leads away takes its focus with it: the next page begins where the focus is, not at the top. */
function useKeptFocus(pathname: string) {
  const content = useRef<HTMLElement>(null);
  const drawn = useRef(pathname);
  useEffect(() => {
    if (drawn.current === pathname) return;
    drawn.current = pathname;
    // What still has the focus keeps it. How far the page is scrolled is not for us to say.
    if (document.activeElement === document.body) content.current?.focus({ preventScroll: true });
  }, [pathname]);
  return content;
}

/** Everything written depends on who reads: another zone or locale writes it anew, and what is typed stays. */
function WrittenAnew({ reader }: { reader: string }) {
  const { revalidate } = useRevalidator();
  const drawn = useRef(reader);
  useEffect(() => {
    if (drawn.current === reader) return;
    drawn.current = reader;
    void revalidate();
  }, [reader, revalidate]);
  return null;
}

/** Whose calls are looked at, kept while a page is open that shows nothing of them. */
function useWhose() {
  const [search] = useSearchParams();
  const { pathname } = useLocation();
  const [kept, setKept] = useState("");
  const parts = [...search].filter(([name]) => name === "client_id" || name === "unassigned");
  if (parts.length === 0 && !isChosenOn(pathname)) return kept;
  const whose = new URLSearchParams(parts).toString();
  if (whose !== kept) setKept(whose);
  return whose;
}

/** On phones a bar within the thumb's reach, on desktops part of the rail. */
function Destinations({ admin }: { admin: boolean }) {
  const whose = useWhose();
  const search = whose && `?${whose}`;
  return (
    <nav
      aria-label="Pages"
      className="fixed inset-x-0 bottom-0 z-20 grid grid-cols-4 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] rail:static rail:flex rail:flex-col rail:gap-0.5 rail:border-0 rail:bg-transparent"
    >
      <Destination to={paths.overview(search)} end icon={<path d="M3 9.5 10 4l7 5.5V16H3zM8 16v-4h4v4" />}>
        Overview
      </Destination>
      <Destination
        to={paths.calls(new URLSearchParams(whose))}
        icon={<path d="M5 3h3l1.5 4-2 1.5a9 9 0 0 0 4 4l1.5-2 4 1.5v3a2 2 0 0 1-2 2A12 12 0 0 1 3 5a2 2 0 0 1 2-2Z" />}
      >
        Calls
      </Destination>
      <Destination to={paths.businesses(search)} icon={<path d="M3 8h14v8H3zM4.5 4h11L17 8H3zM8 16v-4h4v4" />}>
        Businesses
      </Destination>
      <Destination to={paths.billing(search)} icon={<path d="M3 5h14v10H3zM3 8.5h14M6 12h3" />}>
        Billing
      </Destination>
      {/* On a phone these two are in the account's menu. */}
      <Destination wideOnly to={paths.settings()} icon={<path d="M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4" />}>
        Settings
      </Destination>
      {admin && (
        <Destination wideOnly to={paths.admin()} icon={<path d="M10 3 4 5v5c0 4 3 6 6 7 3-1 6-3 6-7V5z" />}>
          Administration
        </Destination>
      )}
    </nav>
  );
}

interface DestinationProps {
  to: string;
  end?: boolean;
  wideOnly?: boolean;
  icon: ReactNode;
  children: ReactNode;
}

function Destination({ to, end = false, wideOnly = false, icon, children }: DestinationProps) {
  return (
    <NavLink
      to={to}
      end={end}
      className={({ isActive }) =>
        classes(
          wideOnly ? "hidden rail:flex" : "flex",
          "min-h-14 flex-col items-center justify-center gap-0.5 text-xs font-medium transition-colors",
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
