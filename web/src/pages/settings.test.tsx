/** The settings, the account's menu, and what every act that needs proof has in common. */
import { cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import {
  type Asked,
  CHROME,
  FRESH,
  INVOICE,
  ME,
  OTHER_ID,
  type Stage,
  asMember,
  dialog,
  nothing,
  open,
  part,
  plain,
  problem,
  setStage,
} from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

const PROFILE = {
  name: "Ann Able",
  time_zone: ME.user.time_zone,
  locale: "en-US",
  notifications: { new_call: false, missed_call: true, daily_summary: true, payment_trouble: true },
};
const SESSION = {
  id: OTHER_ID,
  method: "password",
  user_agent: CHROME,
  address: "192.0.2.7",
  created_at: "2026-11-20T10:00:00Z",
  seen_at: "2026-11-23T10:00:00Z",
  is_current: true,
};

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
  stage.answers["/api/users/profile"] = PROFILE;
  stage.answers["/api/auth/identities"] = { items: [] };
  stage.answers["/api/auth/sessions"] = { items: [SESSION] };
});

it("the profile is saved, and everything is written as the person reads from then on", async () => {
  stage.answers["PUT /api/users/profile"] = ({ body }: Asked) => {
    const saved = body as typeof PROFILE;
    stage.answers["/api/users/profile"] = saved;
    stage.answers["/api/auth/me"] = { ...ME, user: { ...ME.user, locale: saved.locale, time_zone: saved.time_zone } };
    return saved;
  };
  open("/settings/profile");
  const you = await part("You");
  await user.selectOptions(await you.findByLabelText("Days, times and figures"), "de-DE");
  await user.selectOptions(you.getByLabelText("Time zone"), "Asia/Tokyo");
  await user.click(you.getByRole("button", { name: "Save profile" }));
  expect(await screen.findByText("Saved")).toBeTruthy();
  expect(stage.sent("PUT /api/users/profile")).toEqual([{ ...PROFILE, locale: "de-DE", time_zone: "Asia/Tokyo" }]);
  const { longDay } = await import("../ui/time");
  await waitFor(() => expect(longDay("2026-11-23T23:00:00Z")).toBe("24. Nov. 2026"));
});

it("another zone takes nothing away that is typed beside it, also when nobody answers who one is now", async () => {
  stage.answers["PUT /api/users/profile"] = ({ body }: Asked) => {
    const { locale, time_zone } = body as typeof PROFILE;
    stage.answers["/api/auth/me"] = { ...ME, user: { ...ME.user, locale, time_zone } };
    return body as object;
  };
  open("/settings/profile");
  const you = await part("You");
  const address = screen.getByLabelText<HTMLInputElement>("New address");
  await user.type(address, "new@example.com");
  await user.selectOptions(await you.findByLabelText("Time zone"), "Asia/Tokyo");
  await user.click(you.getByRole("button", { name: "Save profile" }));
  expect(await you.findByText("Saved")).toBeTruthy();
  expect(screen.getByLabelText("New address"), "the page is the same").toBe(address);
  expect(address.value).toBe("new@example.com");
  await user.selectOptions(you.getByLabelText("Time zone"), "Europe/Berlin");
  stage.answers["PUT /api/users/profile"] = ({ body }: Asked) => {
    stage.answers["/api/auth/me"] = problem(503, "unavailable");
    return body as object;
  };
  await user.click(you.getByRole("button", { name: "Save profile" }));
  expect(await you.findByText("Saved")).toBeTruthy();
  expect(screen.queryByRole("alert")).toBeNull();
});

it("a page that is open is written as its reader reads from now on", async () => {
  const leaving = { ...ME.user, deletion_due_at: "2026-12-23T10:00:00Z" };
  stage.answers["/api/auth/me"] = { ...ME, user: leaving };
  stage.answers["/api/invoices"] = {
    items: [INVOICE],
    next_cursor: null,
    freshness: FRESH,
  };
  stage.answers["POST /api/users/account/keep"] = () => {
    stage.answers["/api/auth/me"] = { ...ME, user: { ...ME.user, locale: "de-DE" } };
    return nothing();
  };
  open("/billing");
  expect(await screen.findByText("$299.00")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Keep my account" }));
  await waitFor(() => expect(plain(screen.getByRole("table"))).toMatch(/299,00 \$/));
});

it("a new address is asked for with proof, and changes only when its link is opened", async () => {
  let proven = false;
  stage.answers["POST /api/auth/prove"] = ({ body }: Asked) => {
    proven = (body as { password?: string }).password === "right";
    return proven ? nothing() : problem(401, "wrong-credentials")();
  };
  stage.answers["POST /api/users/email"] = (asked: Asked) => (proven ? waits(asked) : problem(403, "proof-needed")());
  open("/settings/profile");
  const address = await part("E-mail address");
  await user.type(address.getByLabelText("New address"), "new@example.com");
  await user.click(address.getByRole("button", { name: "Change the address" }));
  const proof = await dialog("Is it you?");
  expect(proof.getByText(/we ask once more who you are; then not for a while/)).toBeTruthy();
  await user.type(proof.getByLabelText("Your password"), "wrong");
  await user.click(proof.getByRole("button", { name: "Continue" }));
  expect((await proof.findByRole("alert")).textContent).toBe("This password is not right.");
  await user.clear(proof.getByLabelText("Your password"));
  await user.type(proof.getByLabelText("Your password"), "right");
  await user.click(proof.getByRole("button", { name: "Continue" }));
  expect(await address.findByText(/We have written to new@example.com/)).toBeTruthy();
  expect(stage.sent("POST /api/users/email"), "the act is tried once more").toHaveLength(2);
  expect(screen.queryByRole("dialog")).toBeNull();
});

/** An address that was asked for waits, as the api tells from then on. */
function waits({ body }: Asked) {
  const email_change = { ...(body as { email: string }), expires_at: "2026-11-23T11:00:00Z" };
  stage.answers["/api/auth/me"] = { ...ME, user: { ...ME.user, time_zone: "UTC" }, email_change };
  return Response.json({}, { status: 202 });
}

it("an address that waits is still told after a reload, and is asked for again by one press", async () => {
  waits({ body: { email: "new@example.com" } } as Asked);
  open("/settings/profile");
  const address = await part("E-mail address");
  expect(plain(address.getByText(/We have written to new@example.com/))).toMatch(/by 11:00.AM/);
  expect(plain(address.getByText(/You sign in with/))).toMatch(/ann@example.com/);
  stage.answers["POST /api/users/email"] = problem(429, "too-many");
  await user.click(address.getByRole("button", { name: "Send it again" }));
  expect(await address.findByRole("alert")).toBeTruthy();
  expect(address.queryByText("Sent again")).toBeNull();
  stage.answers["POST /api/users/email"] = waits;
  await user.click(address.getByRole("button", { name: "Send it again" }));
  expect(await address.findByText("Sent again")).toBeTruthy();
  expect(stage.sent("POST /api/users/email").at(-1)).toEqual({ email: "new@example.com" });
  await user.type(address.getByLabelText("New address"), "other@example.com");
  await user.click(address.getByRole("button", { name: "Change the address" }));
  expect(await address.findByText(/We have written to other@example.com/)).toBeTruthy();
  expect(address.queryByText(/new@example.com/)).toBeNull();
});

it("that a link is on its way is said, also when nobody answers who one is now", async () => {
  stage.answers["POST /api/users/email"] = () => {
    stage.answers["/api/auth/me"] = problem(503, "unavailable");
    return Response.json({}, { status: 202 });
  };
  open("/settings/profile");
  const address = await part("E-mail address");
  await user.type(address.getByLabelText("New address"), "new@example.com");
  await user.click(address.getByRole("button", { name: "Change the address" }));
  expect(await address.findByText("A link is on its way", {}, { timeout: 5_000 })).toBeTruthy();
  expect(address.queryByRole("alert")).toBeNull();
});

it("whoever would rather not prove it changes nothing, and keeps what was typed", async () => {
  stage.answers["POST /api/users/email"] = problem(403, "proof-needed");
  open("/settings/profile");
  const address = await part("E-mail address");
  await user.type(address.getByLabelText("New address"), "new@example.com");
  await user.click(address.getByRole("button", { name: "Change the address" }));
  await user.click((await dialog("Is it you?")).getByRole("button", { name: "Cancel" }));
  expect((await address.findByRole("alert")).textContent).toMatch(/Nothing was changed/);
  expect(address.getByLabelText<HTMLInputElement>("New address").value).toBe("new@example.com");
});

it("notifications are kept beside the rest of the profile", async () => {
  stage.answers["PUT /api/users/profile"] = ({ body }: Asked) => body as object;
  open("/settings/notifications");
  const every = await screen.findByRole("switch", { name: "Every call" });
  await user.click(every);
  await user.click(screen.getByRole("button", { name: "Save notifications" }));
  expect(await screen.findByText("Saved")).toBeTruthy();
  expect(stage.sent("PUT /api/users/profile")).toEqual([
    { ...PROFILE, notifications: { ...PROFILE.notifications, new_call: true } },
  ]);
});

it("a key is made with a name, what it may do and how long, and is shown once", async () => {
  stage.answers["/api/keys"] = { items: [] };
  stage.answers["POST /api/keys"] = ({ body }: Asked) =>
    Response.json({ ...(body as object), id: "k", key: "fd_secret" }, { status: 201 });
  open("/settings/keys");
  await user.click(await screen.findByRole("button", { name: "New key" }));
  const form = await dialog("A new key");
  await user.click(form.getByRole("button", { name: "Make the key" }));
  expect(await form.findByText("Choose at least one.")).toBeTruthy();
  await user.type(form.getByLabelText("Name"), "Our calendar");
  await user.click(form.getByRole("checkbox", { name: "Read calls" }));
  await user.click(form.getByRole("checkbox", { name: "Read businesses" }));
  await user.selectOptions(form.getByLabelText("How long"), "never");
  await user.click(form.getByRole("button", { name: "Make the key" }));
  const shown = await dialog("The key “Our calendar”");
  expect(shown.getByText("fd_secret")).toBeTruthy();
  expect(stage.sent("POST /api/keys")).toEqual([{ name: "Our calendar", scopes: ["calls:read", "clients:read"] }]);
  await user.click(shown.getByRole("button", { name: "I have kept it" }));
  expect(screen.queryByText("fd_secret")).toBeNull();
});

it("keys say when they were used and when they end, and can be revoked", async () => {
  const key = {
    id: "k",
    name: "Till",
    prefix: "fd_k7x2",
    scopes: ["calls:read", "agent"],
    created_at: "2026-01-01T10:00:00Z",
    expires_at: "2026-02-01T12:00:00Z",
    used_at: null,
  };
  stage.answers["/api/keys"] = { items: [key] };
  stage.answers["DELETE /api/keys/k"] = () => {
    stage.answers["/api/keys"] = { items: [] };
    return nothing();
  };
  open("/settings/keys");
  expect(await screen.findByText(/Read calls, Answer calls/)).toBeTruthy();
  expect(screen.getByText("Expired")).toBeTruthy();
  expect(screen.getByText(/Never used, expired Feb 1, 2026/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Revoke key Till" }));
  await user.click((await dialog()).getByRole("button", { name: "Revoke the key" }));
  expect(await screen.findByText(/None yet/)).toBeTruthy();
});

it.each(["keys", "activity"])("%s are the owner's, and a member is told so", async (page) => {
  asMember(stage, "manager");
  open(`/settings/${page}`);
  expect(await screen.findByText("This is the owner's")).toBeTruthy();
  const settings = within(screen.getByRole("navigation", { name: "Settings" }));
  expect(settings.queryByRole("link", { name: /API keys|Activity/ })).toBeNull();
});

it("a member exports nothing here: nothing is asked that would be refused, and where to do it is said", async () => {
  asMember(stage, "manager");
  const router = open("/settings/data");
  expect(await screen.findByText("Go over to your own account to export what is yours.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Delete my account" })).toBeTruthy();
  await router.navigate("/settings/keys");
  expect(await screen.findByText("This is the owner's")).toBeTruthy();
  const refused = stage.asked.filter(({ url }) => /export|keys/.test(url.pathname));
  expect(refused).toEqual([]);
});

it("exports say how far they are, and lead to their files", async () => {
  const one = { id: "e", requested_at: "2026-11-20T10:00:00Z", expires_at: null, failure: null, files: [] };
  stage.answers["/api/users/export"] = {
    items: [
      { ...one, id: "e3", state: "making" },
      { ...one, id: "e2", state: "failed", failure: "The disk was full." },
      {
        ...one,
        state: "ready",
        expires_at: "2026-11-27T10:00:00Z",
        files: [{ name: "calls.csv", bytes: 2_400_000, href: "/api/users/export/e/calls.csv" }],
      },
    ],
  };
  open("/settings/data");
  expect(await screen.findByText("Being made")).toBeTruthy();
  expect(screen.getByText("The disk was full.")).toBeTruthy();
  expect(screen.getByRole("link", { name: "calls.csv" }).getAttribute("href")).toBe("/api/users/export/e/calls.csv");
  expect(screen.getByText("2.4 MB")).toBeTruthy();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Make an export" }).disabled).toBe(true);
});

it("an account is deleted by its address, in thirty days, and can be kept until then", async () => {
  stage.answers["/api/users/export"] = { items: [] };
  const leaving = { ...ME, user: { ...ME.user, deletion_due_at: "2026-12-23T10:00:00Z" } };
  stage.answers["DELETE /api/users/account"] = () => {
    stage.answers["/api/auth/me"] = leaving;
    return { deletion_due_at: leaving.user.deletion_due_at };
  };
  stage.answers["POST /api/users/account/keep"] = () => {
    stage.answers["/api/auth/me"] = ME;
    return nothing();
  };
  open("/settings/data");
  await user.click(await screen.findByRole("button", { name: "Delete my account" }));
  const sure = await dialog("Delete your account?");
  await user.type(sure.getByLabelText(/Type “ann@example.com”/), "ann@example.com");
  await user.click(sure.getByRole("button", { name: "Delete my account" }));
  expect(await screen.findByText(/will be deleted on Dec 23, 2026, and its businesses with it/)).toBeTruthy();
  expect(stage.sent("DELETE /api/users/account")).toEqual([{ email: "ann@example.com" }]);
  await user.click(screen.getByRole("button", { name: "Keep my account" }));
  await waitFor(() => expect(screen.queryByText(/will be deleted on/)).toBeNull());
});

it("going over to another account asks for everything again on its behalf", async () => {
  const bob = { id: OTHER_ID, name: "Bob's Dental", role: "reader" };
  stage.answers["/api/auth/me"] = { ...ME, accounts: [...ME.accounts, bob] };
  stage.answers["POST /api/auth/account"] = { ...ME, accounts: [...ME.accounts, bob], account: bob };
  const router = open("/settings/profile");
  await user.click(await screen.findByRole("button", { name: "Account: Ann Able Your own account" }));
  const menu = await dialog("Account");
  expect(menu.getByText("ann@example.com")).toBeTruthy();
  await user.click(menu.getByRole("menuitemradio", { name: /Bob's Dental/ }));
  expect(await screen.findByRole("button", { name: "Account: Bob's Dental as Ann Able" })).toBeTruthy();
  expect(router.state.location.pathname).toBe("/");
  expect(stage.sent("POST /api/auth/account")).toEqual([{ account_id: OTHER_ID }]);
});

it("one press asks for one export, and one that is being made already is what was wanted", async () => {
  const one = { id: "e", requested_at: "2026-11-20T10:00:00Z", expires_at: null, failure: null, files: [] };
  let items: object[] = [];
  stage.answers["/api/users/export"] = () => ({ items });
  let answer: (response: Response) => void = () => undefined;
  stage.answers["POST /api/users/export"] = () => new Promise<Response>((resolve) => (answer = resolve));
  open("/settings/data");
  const make = await screen.findByRole<HTMLButtonElement>("button", { name: "Make an export" });
  await user.dblClick(make);
  await waitFor(() => expect(stage.sent("POST /api/users/export")).toHaveLength(1));
  expect(make.disabled).toBe(true);
  items = [{ ...one, state: "making" }];
  answer(problem(409, "export-being-made")());
  expect(await screen.findByText("Being made")).toBeTruthy();
  expect(screen.queryByRole("alert")).toBeNull();
  expect(stage.sent("POST /api/users/export")).toHaveLength(1);
});

it("the end of an account says the same everywhere", async () => {
  stage.answers["/api/users/export"] = { items: [] };
  open("/settings/data");
  const stays = /The record of past calls and of what was paid stays until whoever runs this service erases it\./;
  expect(await screen.findByText(stays)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Delete my account" }));
  expect((await dialog("Delete your account?")).getByText(stays)).toBeTruthy();
  stage.answers["/api/auth/me"] = { ...ME, user: { ...ME.user, deletion_due_at: "2026-12-23T10:00:00Z" } };
  cleanup();
  open("/billing");
  expect(await screen.findByText(stays)).toBeTruthy();
});

it("the account's menu begins at its first entry, and arrows go round in it", async () => {
  open("/settings/profile");
  await screen.findByRole("button", { name: /^Account:/ });
  screen.getByRole("button", { name: /^Account:/ }).focus();
  await user.keyboard("{Enter}");
  const menu = within(await screen.findByRole("menu", { name: "Account" }));
  const settings = menu.getByRole("menuitem", { name: "Settings" });
  const out = menu.getByRole("menuitem", { name: "Sign out" });
  await waitFor(() => expect(document.activeElement).toBe(settings));
  const press = async (key: string, at: HTMLElement) => {
    await user.keyboard(`{${key}}`);
    expect(document.activeElement, key).toBe(at);
  };
  await press("ArrowDown", out);
  await press("ArrowDown", settings);
  await press("ArrowUp", out);
  await press("Home", settings);
  await press("End", out);
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("menu")).toBeNull();
});
