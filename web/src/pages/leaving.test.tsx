/** Going away: signing out, going over to another account, and what was typed meanwhile. */
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { type Asked, ME, OTHER_ID, type Stage, asMember, nothing, open, openWindow, problem, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
  stage.answers["/api/users/profile"] = {
    name: "Ann Able",
    time_zone: ME.user.time_zone,
    locale: "en-US",
    notifications: { new_call: false, missed_call: true, daily_summary: true, payment_trouble: true },
  };
  stage.answers["POST /api/auth/logout"] = nothing;
});

const dialog = async (name: string) => within(await screen.findByRole("dialog", { name }));
const name = () => screen.findByLabelText<HTMLInputElement>("Name");

async function pressSignOut() {
  await user.click(await screen.findByRole("button", { name: "Account: Ann Able Your own account" }));
  await user.click((await dialog("Account")).getByRole("menuitem", { name: "Sign out" }));
}

it("the session ends when the pages are gone: none of them asks meanwhile", async () => {
  const closed = vi.fn();
  vi.stubGlobal(
    "EventSource",
    class extends EventTarget {
      close = closed;
    },
  );
  let end: (response: Response) => void = () => undefined;
  stage.answers["POST /api/auth/logout"] = () => new Promise<Response>((resolve) => (end = resolve));
  const router = open("/settings/profile");
  await name();
  await pressSignOut();
  await waitFor(() => expect(stage.sent("POST /api/auth/logout")).toHaveLength(1));
  expect(closed, "nothing is followed any more").toHaveBeenCalled();
  expect(screen.queryByRole("navigation", { name: "Pages" })).toBeNull();
  expect(screen.getByRole("heading", { level: 1, name: "Signing out" })).toBeTruthy();
  const before = stage.asked.length;
  window.dispatchEvent(new Event("focus"));
  document.dispatchEvent(new Event("visibilitychange"));
  end(nothing());
  expect(await screen.findByRole("heading", { level: 1, name: "Sign in" })).toBeTruthy();
  expect(stage.asked.slice(before).map(({ url }) => url.pathname)).toEqual(["/api/auth/offer"]);
  expect(router.state.location.pathname).toBe("/sign-in");
  expect(localStorage.getItem("frontdesk.session")).toBeNull();
});

it("whoever cannot be signed out is told so, and tries again", async () => {
  stage.answers["POST /api/auth/logout"] = () => Promise.reject(new TypeError("network"));
  const router = open("/settings/profile");
  await name();
  await pressSignOut();
  expect(await screen.findByRole("heading", { level: 1, name: "You are still signed in" })).toBeTruthy();
  expect(screen.getByRole("alert").textContent).toMatch(/has not ended/);
  stage.answers["POST /api/auth/logout"] = nothing;
  await user.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/sign-in"), { timeout: 5_000 });
});

it("a session that had ended already is no trouble", async () => {
  stage.answers["POST /api/auth/logout"] = problem(401, "unauthorised");
  open("/settings/profile");
  await name();
  await pressSignOut();
  expect(await screen.findByRole("heading", { level: 1, name: "Sign in" })).toBeTruthy();
});

it("a link to the way out ends nothing by itself", async () => {
  open("/sign-out");
  const press = await screen.findByRole("button", { name: "Sign out" });
  expect(stage.sent("POST /api/auth/logout")).toEqual([]);
  await user.click(press);
  expect(await screen.findByRole("heading", { level: 1, name: "Sign in" })).toBeTruthy();
  expect(stage.sent("POST /api/auth/logout")).toHaveLength(1);
});

it("with something unsaved signing out asks first: staying keeps it, leaving signs out", async () => {
  const router = open("/settings/profile");
  await user.type(await name(), " of Ace");
  await pressSignOut();
  await user.click((await dialog("Leave without saving?")).getByRole("button", { name: "Stay here" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect((await name()).value).toBe("Ann Able of Ace");
  expect(router.state.location.pathname).toBe("/settings/profile");
  expect(stage.sent("POST /api/auth/logout")).toEqual([]);

  await pressSignOut();
  await user.click((await dialog("Leave without saving?")).getByRole("button", { name: "Leave without saving" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Sign in" })).toBeTruthy();
  expect(stage.sent("POST /api/auth/logout")).toHaveLength(1);
});

it("going over to another account asks first too", async () => {
  const bob = { id: OTHER_ID, name: "Bob's Dental", role: "reader" };
  stage.answers["/api/auth/me"] = { ...ME, accounts: [...ME.accounts, bob] };
  stage.answers["POST /api/auth/account"] = { ...ME, accounts: [...ME.accounts, bob], account: bob };
  open("/settings/profile");
  await user.type(await name(), " of Ace");
  const goOver = async () => {
    await user.click(await screen.findByRole("button", { name: "Account: Ann Able Your own account" }));
    await user.click((await dialog("Account")).getByRole("menuitemradio", { name: /Bob's Dental/ }));
    return dialog("Leave without saving?");
  };
  await user.click((await goOver()).getByRole("button", { name: "Stay here" }));
  await waitFor(() => expect(screen.queryByRole("dialog", { name: "Leave without saving?" })).toBeNull());
  expect((await name()).value).toBe("Ann Able of Ace");
  expect(stage.sent("POST /api/auth/account")).toEqual([]);
  await user.keyboard("{Escape}");

  await user.click((await goOver()).getByRole("button", { name: "Leave without saving" }));
  expect(await screen.findByRole("button", { name: "Account: Bob's Dental as Ann Able" })).toBeTruthy();
});

it.each(["/sign-in", "/sign-up"])("whoever is signed in is led on from %s", async (door) => {
  const router = open(`${door}?return_to=%2Fbilling`);
  expect(await screen.findByRole("heading", { level: 1, name: "Billing" })).toBeTruthy();
  expect(router.state.location.pathname).toBe("/billing");
});

it("a session that ended without a word does not lead in circles", async () => {
  stage.answers["/api/auth/me"] = problem(401, "unauthorised");
  open("/sign-in?return_to=%2Fbilling");
  expect(await screen.findByRole("heading", { level: 1, name: "Sign in" })).toBeTruthy();
});

const NOTE = "frontdesk.session";
const OWN = `${ME.user.id} ${ME.user.id}`;
const SAVE = "PUT /api/users/profile";

it("what was typed for one account is not sent when another tab went over to another", async () => {
  stage.answers[SAVE] = ({ body }: Asked) => body as object;
  open("/settings/profile");
  await user.type(await name(), " of Ace");
  localStorage.setItem(NOTE, `${ME.user.id} ${OTHER_ID}`);
  await user.click(screen.getByRole("button", { name: "Save profile" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/Nothing was sent: this browser is used for another/);
  expect(stage.sent(SAVE)).toEqual([]);
  expect((await name()).value).toBe("Ann Able of Ace");
  localStorage.setItem(NOTE, OWN);
  await user.click(screen.getByRole("button", { name: "Save profile" }));
  expect(await screen.findByText("Saved")).toBeTruthy();
});

it("an answer for another account takes nothing away, and nothing more is sent for it", async () => {
  stage.answers[SAVE] = ({ body }: Asked) => {
    asMember(stage, "reader");
    return body as object;
  };
  open("/settings/profile");
  await user.type(await screen.findByLabelText("New address"), "new@example.com");
  await user.type(await name(), " of Ace");
  await user.click(screen.getByRole("button", { name: "Save profile" }));
  expect(await screen.findByText("Saved")).toBeTruthy();
  expect(screen.getByLabelText<HTMLInputElement>("New address").value).toBe("new@example.com");
  await user.click(screen.getByRole("button", { name: "Change the address" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/Nothing was sent/);
  expect(stage.sent("POST /api/users/email")).toEqual([]);
});

it("a session that ended in another tab is explained at the way in, which leads back", async () => {
  const queries = openWindow("/settings/profile");
  await name();
  let shown: HTMLElement | null | undefined;
  queries.getQueryCache().subscribe(({ type, query }) => {
    if (type === "removed" && query.queryHash === `["me"]`) shown = screen.queryByRole("navigation", { name: "Pages" });
  });
  localStorage.removeItem(NOTE);
  window.dispatchEvent(new StorageEvent("storage", { key: NOTE, newValue: null }));
  await waitFor(() => expect(shown, "forgotten once the pages are gone").toBeNull());
  expect((await screen.findByRole("alert")).textContent).toMatch(/You are signed out: your session ended/);
  expect(screen.getByRole("heading", { level: 1, name: "Sign in" })).toBeTruthy();
  expect(new URLSearchParams(window.location.search).get("return_to")).toBe("/settings/profile");
});
