/** Every route, each loaded when it is first opened; and the gate before all of them. */
import type { QueryClient } from "@tanstack/react-query";
import { Suspense, lazy, useState } from "react";
import { type RouteObject, RouterProvider, createBrowserRouter } from "react-router";
import { useSession } from "./api/session";

const Token = lazy(() => import("./pages/token"));

export function routes(queries: QueryClient): RouteObject[] {
  return [
    {
      path: "/",
      HydrateFallback: Blank,
      lazy: async () => {
        const { Broken, Shell } = await import("./pages/shell");
        return { Component: Shell, ErrorBoundary: Broken };
      },
      children: [
        {
          index: true,
          lazy: async () => {
            const { Overview, ask } = await import("./pages/overview");
            return { Component: Overview, loader: ({ request }) => ask(queries, new URL(request.url)) };
          },
        },
        {
          path: "calls",
          lazy: async () => {
            const { Calls, ask } = await import("./pages/calls");
            return { Component: Calls, loader: ({ request }) => ask(queries, new URL(request.url)) };
          },
          children: [
            {
              path: ":id",
              lazy: async () => {
                const { OneCall, ask } = await import("./pages/call");
                return { Component: OneCall, loader: ({ params }) => ask(queries, params.id ?? "") };
              },
            },
          ],
        },
        {
          path: "billing",
          lazy: async () => {
            const { Billing, ask } = await import("./pages/billing");
            return { Component: Billing, loader: () => ask(queries) };
          },
        },
        { path: "*", lazy: async () => ({ Component: (await import("./pages/lost")).Lost }) },
      ],
    },
  ];
}

/** The router comes to life only behind the gate: its loaders ask the api at once. */
export function App({ queries }: { queries: QueryClient }) {
  const session = useSession();
  return session === "open" ? (
    <Inside queries={queries} />
  ) : (
    <Suspense fallback={<Blank />}>
      <Token linkRefused={session === "refused"} />
    </Suspense>
  );
}

function Inside({ queries }: { queries: QueryClient }) {
  const [router] = useState(() => createBrowserRouter(routes(queries)));
  return <RouterProvider router={router} />;
}

function Blank() {
  return null;
}
