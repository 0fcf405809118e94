/** What stands around every page: its links, the chosen business, and addresses that lead nowhere. */
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { ACE, BEA, ID, ME, OTHER_ID, type Stage, open, setStage } from "./stage";

let stage: Stage;
let answers: Stage["answers"];

beforeEach(() => {
  stage = setStage();
  answers = stage.answers;
});

it("the chosen business is kept while other pages are looked at, and chosen only where it counts", async () => {
  const user = userEvent.setup();
  answers["/api/clients"] = { items: [ACE, BEA] };
  answers["/api/members"] = { members: [], invitations: [] };
  const router = open("/calls");
  const choice = () => screen.queryByRole<HTMLSelectElement>("combobox", { name: "Business" });
  const link = (name: string) => within(screen.getByRole("navigation", { name: "Pages" })).getByRole("link", { name });
  const go = (name: string) => user.click(link(name));
  await screen.findByRole("option", { name: "Bea" });
  await user.selectOptions(screen.getByRole("combobox", { name: "Business" }), "Bea");
  await waitFor(() => expect(router.state.location.search).toBe(`?client_id=${OTHER_ID}`));
  for (const elsewhere of ["Businesses", "Billing", "Settings"]) {
    await go(elsewhere);
    await waitFor(() => expect(link(elsewhere).getAttribute("aria-current")).toBe("page"));
    expect(choice()).toBeNull();
  }
  await user.click(await screen.findByRole("link", { name: "Members" }));
  await screen.findByRole("heading", { level: 1, name: "Members" });
  await go("Overview");
  await waitFor(() => expect(router.state.location.search).toBe(`?client_id=${OTHER_ID}`));
  await waitFor(() => expect(choice()?.value).toBe(OTHER_ID));
  await user.selectOptions(screen.getByRole("combobox", { name: "Business" }), "All businesses");
  // The address changes a moment before the links are drawn.
  await waitFor(() => expect(link("Calls").getAttribute("href")).toBe("/calls"));
  await go("Calls");
  await waitFor(() => expect(router.state.location.pathname).toBe("/calls"));
  expect(router.state.location.search).toBe("");
});

it("an address that leads nowhere leads back", async () => {
  open("/nowhere/at/all");
  expect(await screen.findByRole("link", { name: "Go to the overview" })).toBeTruthy();
});

it("what is refused is asked once", async () => {
  open(`/calls/${ID}`);
  await screen.findAllByText("Not found");
  const asked = stage.asked.filter(({ url }) => url.pathname.startsWith(`/api/calls/${ID}`));
  expect(asked.map(({ url }) => url.pathname).toSorted()).toEqual([`/api/calls/${ID}`, `/api/calls/${ID}/events`]);
});

it.each(["/settings", "/admin"])("%s leads on without a warning", async (address) => {
  answers["/api/auth/me"] = { ...ME, user: { ...ME.user, role: "admin" } };
  const warn = vi.spyOn(console, "warn");
  const router = open(address);
  await waitFor(() => expect(router.state.location.pathname).toMatch(new RegExp(`^${address}/`)));
  expect(warn).not.toHaveBeenCalled();
});
