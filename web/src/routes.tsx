/** Every route, each loaded when it is first opened; and the gate before those that need somebody signed in. */
import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import {
  type LazyRouteFunction,
  type NonIndexRouteObject,
  type RouteObject,
  RouterProvider,
  createBrowserRouter,
  redirect,
} from "react-router";
import { meQuery } from "./api/me";
import { Problem, isKind } from "./api/problem";
import { forgetSession, mayBeSignedIn, onSession, showNobody, wasSignedIn } from "./api/session";
import { Broken, BrokenInside } from "./pages/broken";
import { pagesAreGone } from "./pages/shell/standing";
import { paths } from "./paths";

export function routes(queries: QueryClient): RouteObject[] {
  return [{ ErrorBoundary: Broken, HydrateFallback: Blank, children: [...doors(queries), inside(queries)] }];
}

/** Open to everybody. */
function doors(queries: QueryClient): RouteObject[] {
  return [
    page("/sign-in", async () => {
      const { SignIn, ask } = await import("./pages/signIn");
      return { Component: SignIn, loader: ({ request }) => ask(queries, new URL(request.url)) };
    }),
    page("/sign-up", async () => {
      const { SignUp, ask } = await import("./pages/signUp");
      return { Component: SignUp, loader: ({ request }) => ask(queries, new URL(request.url)) };
    }),
    page("/verify", async () => {
      const { Verify, ask } = await import("./pages/verify");
      return { Component: Verify, loader: ask };
    }),
    page("/sign-out", async () => ({ Component: (await import("./pages/signOut")).SignOut })),
    page("/forgotten", async () => ({ Component: (await import("./pages/forgotten")).Forgotten })),
    page("/reset", async () => {
      const { Reset, ask } = await import("./pages/reset");
      return { Component: Reset, loader: ask };
    }),
    page("/confirm-email", async () => {
      const { ConfirmEmail, ask } = await import("./pages/confirmEmail");
      return { Component: ConfirmEmail, loader: () => ask(queries) };
    }),
    page("/invitation", async () => {
      const { Invitation, ask } = await import("./pages/invitation");
      return { Component: Invitation, loader: () => ask(queries) };
    }),
  ];
}

const INSIDE = "inside";

function inside(queries: QueryClient): RouteObject {
  return {
    ...page("/", async () => ({ Component: (await import("./pages/shell")).Shell })),
    id: INSIDE,
    middleware: [({ request }) => gate(queries, new URL(request.url))],
    // A page that cannot be loaded leaves what stands around it.
    children: [{ ErrorBoundary: BrokenInside, children: pages(queries) }],
  };
}

function pages(queries: QueryClient): RouteObject[] {
  return [
    {
      index: true,
      lazy: async () => {
        const { Overview, ask } = await import("./pages/overview");
        return { Component: Overview, loader: ({ request }) => ask(queries, new URL(request.url)) };
      },
    },
    callRoutes(queries),
    page("billing", async () => {
      const { Billing, ask } = await import("./pages/billing");
      return { Component: Billing, loader: () => ask(queries) };
    }),
    ...businessRoutes(queries),
    settingsRoutes(queries),
    adminRoutes(queries),
    page("*", async () => ({ Component: (await import("./pages/lost")).Lost })),
  ];
}

function callRoutes(queries: QueryClient): RouteObject {
  return {
    ...page("calls", async () => {
      const { Calls, ask } = await import("./pages/calls");
      return { Component: Calls, loader: ({ request }) => ask(queries, new URL(request.url)) };
    }),
    children: [
      page(":id", async () => {
        const { OneCall, ask } = await import("./pages/call");
        return { Component: OneCall, loader: ({ params }) => ask(queries, params.id ?? "") };
      }),
    ],
  };
}

function businessRoutes(queries: QueryClient): RouteObject[] {
  return [
    page("clients", async () => {
      const { Businesses, ask } = await import("./pages/businesses");
      return { Component: Businesses, loader: () => ask(queries) };
    }),
    page("clients/new", async () => {
      const { NewBusiness, ask } = await import("./pages/newBusiness");
      return { Component: NewBusiness, loader: () => ask(queries) };
    }),
    page("clients/:id", async () => {
      const { OneBusiness, ask } = await import("./pages/business");
      return { Component: OneBusiness, loader: ({ params }) => ask(queries, params.id ?? "") };
    }),
  ];
}

function settingsRoutes(queries: QueryClient): RouteObject {
  return {
    ...page("settings", async () => ({ Component: (await import("./pages/settings")).Settings })),
    children: [
      { index: true, loader: () => redirect(paths.settings("profile")), Component: Blank },
      page("profile", async () => {
        const { Profile, ask } = await import("./pages/settings/profile");
        return { Component: Profile, loader: () => ask(queries) };
      }),
      page("security", async () => {
        const { Security, ask } = await import("./pages/settings/security");
        return { Component: Security, loader: () => ask(queries) };
      }),
      page("notifications", async () => {
        const { Notifications, ask } = await import("./pages/settings/notifications");
        return { Component: Notifications, loader: () => ask(queries) };
      }),
      page("keys", async () => {
        const { Keys, ask } = await import("./pages/settings/keys");
        return { Component: Keys, loader: () => ask(queries) };
      }),
      page("members", async () => {
        const { Members, ask } = await import("./pages/settings/members");
        return { Component: Members, loader: () => ask(queries) };
      }),
      page("data", async () => {
        const { YourData, ask } = await import("./pages/settings/yours");
        return { Component: YourData, loader: () => ask(queries) };
      }),
      page("activity", async () => ({ Component: (await import("./pages/settings/activity")).Activity })),
    ],
  };
}

function adminRoutes(queries: QueryClient): RouteObject {
  return {
    ...page("admin", async () => ({ Component: (await import("./pages/admin")).Admin })),
    children: [
      { index: true, loader: () => redirect(paths.admin("users")), Component: Blank },
      page("users", async () => ({ Component: (await import("./pages/admin/users")).Users })),
      page("users/:id", async () => {
        const { OneUser, ask } = await import("./pages/admin/user");
        return { Component: OneUser, loader: ({ params }) => ask(queries, params.id ?? "") };
      }),
      page("clients", async () => ({ Component: (await import("./pages/admin/clients")).AnyClients })),
      page("audit", async () => ({ Component: (await import("./pages/admin/audit")).Audit })),
    ],
  };
}

function page(path: string, load: LazyRouteFunction<NonIndexRouteObject>): NonIndexRouteObject {
  return { path, lazy: load };
}

/** Nothing inside is asked for, and nothing drawn, before it is known who is there. */
async function gate(queries: QueryClient, url: URL) {
  const away = (problem?: string) =>
    redirect(paths.signIn({ returnTo: url.pathname + url.search, ...(problem && { problem }) }));
  if (!mayBeSignedIn()) throw away();
  const ended = wasSignedIn() ? "session-ended" : undefined;
  try {
    await queries.query({ ...meQuery(), staleTime: "static" });
  } catch (error) {
    const suspended = isKind(error, "suspended");
    if (!suspended && !(error instanceof Problem && error.status === 401)) throw error;
    forgetSession();
    throw away(suspended ? "suspended" : ended);
  }
}

export function App({ queries }: { queries: QueryClient }) {
  const [router] = useState(() => createBrowserRouter(routes(queries)));
  useEffect(
    () =>
      onSession((what) => {
        // Another tab went over to another account: what stands here is nobody's any more.
        if (what === "changed") return window.location.reload();
        void makeWay(router, queries);
      }),
    [router, queries],
  );
  return <RouterProvider router={router} />;
}

/** Somebody signed out, here or elsewhere. Whoever has typed something may stay with it. */
async function makeWay(router: ReturnType<typeof createBrowserRouter>, queries: QueryClient) {
  if (!router.state.matches.some(({ route }) => route.id === INSIDE)) return;
  const { pathname, search } = router.state.location;
  const door = paths.signIn({ returnTo: pathname + search, problem: "session-ended" });
  await router.navigate(door);
  if (router.createHref(router.state.location) !== door) return;
  await pagesAreGone();
  showNobody();
  queries.clear();
}

/** Also where one is led on at once: the router wants something to draw meanwhile. */
function Blank() {
  return null;
}
