/** A page whose code does not come: what stands around it stays, and it is tried again. */
import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { type RouteObject, RouterProvider, createMemoryRouter } from "react-router";
import { beforeEach, expect, it, vi } from "vitest";
import { openQueries } from "../api/queries";
import { routes } from "../routes";
import { type Stage, setStage } from "./stage";

let stage: Stage;

beforeEach(() => {
  stage = setStage();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  stage.answers["/api/auth/offer"] = () => Promise.reject(new TypeError("network"));
});

const lost = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module: /assets/billing-1.js"));

/** The real pages, and one of them does not come. */
function withLost(path: string, all: RouteObject[]): RouteObject[] {
  return all.map((route) =>
    route.index
      ? route
      : {
          ...route,
          ...(route.path === path && { lazy: lost }),
          ...(route.children && { children: withLost(path, route.children) }),
        },
  );
}

async function openBilling() {
  const queries = openQueries();
  const router = createMemoryRouter(withLost("billing", routes(queries)), { initialEntries: ["/clients"] });
  render(
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  await screen.findByText("No business yet");
  await userEvent.setup().click(screen.getByRole("link", { name: "Billing" }));
  return within(await screen.findByRole("alert"));
}

const tries = () => stage.asked.filter(({ url }) => url.pathname === "/api/auth/offer").length;

it("without a connection it says so, keeps the way to other pages, and tries when the connection is back", async () => {
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  const said = await openBilling();
  expect(said.getByText("This page could not be loaded")).toBeTruthy();
  expect(said.getByText(/There is no connection/)).toBeTruthy();
  expect(said.queryByText(/dynamically imported/), "the browser's own words stay with it").toBeNull();
  expect(screen.getByRole("navigation", { name: "Pages" })).toBeTruthy();
  await userEvent.setup().click(said.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(tries()).toBe(1));
  window.dispatchEvent(new Event("online"));
  await waitFor(() => expect(tries()).toBe(2));
  // Online, and nothing is reached yet.
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(true);
  window.dispatchEvent(new Event("online"));
  await waitFor(() => expect(tries()).toBeGreaterThan(3), { timeout: 5_000 });
  // Nobody answered, so what stands is not taken away.
  expect(said.getByText("This page could not be loaded")).toBeTruthy();
  await userEvent.setup().click(screen.getByRole("link", { name: "Businesses" }));
  expect(await screen.findByText("No business yet")).toBeTruthy();
});

it("with a connection it may have been replaced by a newer one", async () => {
  const said = await openBilling();
  expect(said.getByText(/updated a moment ago/)).toBeTruthy();
});
