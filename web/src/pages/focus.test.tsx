/** Where the focus goes when what had it is gone, and when what went wrong is out of sight. */
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { ACE, ID, ME, OTHER_ID, type Stage, asNobody, nothing, open, problem, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
  stage.answers["/api/clients"] = { items: [ACE] };
  stage.answers[`/api/clients/${ID}`] = ACE;
});

const focused = () => document.activeElement;
const heading = (name: string) => screen.getByRole("heading", { name });

it("a link that goes with its page leaves the focus on the next one's content", async () => {
  open("/clients");
  expect(await screen.findByRole("heading", { level: 1, name: "Businesses" })).toBeTruthy();
  expect(focused(), "a page that was loaded begins at its top").toBe(document.body);
  const row = await screen.findByRole("link", { name: "Ace" });
  row.focus();
  await user.keyboard("{Enter}");
  expect(await screen.findByRole("heading", { level: 1, name: "Ace" })).toBeTruthy();
  expect(focused()).toBe(screen.getByRole("main"));
});

it("a destination that stays keeps the focus", async () => {
  open("/clients");
  const calls = await screen.findByRole("link", { name: "Calls" });
  await user.click(calls);
  expect(await screen.findByRole("heading", { level: 1, name: "Calls" })).toBeTruthy();
  expect(focused()).toBe(calls);
});

const MEMBERS = {
  members: [
    { user_id: ME.user.id, name: "Ann Able", email: "ann@example.com", role: "owner", joined_at: null },
    { user_id: OTHER_ID, name: "Cy", email: "cy@example.com", role: "reader", joined_at: "2026-11-01T10:00:00Z" },
  ],
  invitations: ["dee", "eve"].map((name) => ({
    id: name,
    email: `${name}@example.com`,
    role: "manager",
    created_at: "2026-11-20T10:00:00Z",
    expires_at: "2026-11-27T10:00:00Z",
  })),
};

it("an invitation taken back leaves the focus on the list's heading, the last one on the page", async () => {
  let members = MEMBERS;
  stage.answers["/api/members"] = () => members;
  for (const gone of ["dee", "eve"])
    stage.answers[`DELETE /api/members/invitations/${gone}`] = () => {
      members = { ...members, invitations: members.invitations.filter(({ id }) => id !== gone) };
      return nothing();
    };
  open("/settings/members");
  await user.click(await screen.findByRole("button", { name: "Take back the invitation of dee@example.com" }));
  await waitFor(() => expect(focused()).toBe(heading("Invitations")));
  await user.click(screen.getByRole("button", { name: "Take back the invitation of eve@example.com" }));
  await waitFor(() => expect(focused()).toBe(screen.getByRole("main")));
});

it("a member removed leaves it on the list's heading", async () => {
  let members = MEMBERS;
  stage.answers["/api/members"] = () => members;
  stage.answers[`DELETE /api/members/${OTHER_ID}`] = () => {
    members = { ...MEMBERS, members: MEMBERS.members.slice(0, 1) };
    return nothing();
  };
  open("/settings/members");
  await user.click(await screen.findByRole("button", { name: "Remove Cy" }));
  await user.click(screen.getByRole("button", { name: "Remove them" }));
  await waitFor(() => expect(focused()).toBe(heading("Members of Ann Able")));
});

it("a key revoked leaves it on the list's heading", async () => {
  const key = { id: "k", name: "Till", prefix: "fd_k", scopes: [], created_at: "2026-01-01T10:00:00Z" };
  stage.answers["/api/keys"] = { items: [{ ...key, expires_at: null, used_at: null }] };
  stage.answers["DELETE /api/keys/k"] = () => {
    stage.answers["/api/keys"] = { items: [] };
    return nothing();
  };
  open("/settings/keys");
  await user.click(await screen.findByRole("button", { name: "Revoke key Till" }));
  await user.click(screen.getByRole("button", { name: "Revoke the key" }));
  await waitFor(() => expect(focused()).toBe(heading("Keys")));
});

it("a browser signed out leaves it on the list's heading", async () => {
  const session = {
    id: "other",
    method: "password",
    user_agent: "Mozilla/5.0 (iPhone) Safari/604",
    address: "192.0.2.7",
    created_at: "2026-11-20T10:00:00Z",
    seen_at: "2026-11-23T10:00:00Z",
    is_current: false,
  };
  stage.answers["/api/auth/identities"] = { items: [] };
  stage.answers["/api/auth/sessions"] = { items: [session] };
  stage.answers["DELETE /api/auth/sessions/other"] = () => {
    stage.answers["/api/auth/sessions"] = { items: [] };
    return nothing();
  };
  open("/settings/security");
  await user.click(await screen.findByRole("button", { name: /^Sign out 1: Safari on iPhone/ }));
  await waitFor(() => expect(focused()).toBe(heading("Where you are signed in")));
});

it("what was sent at the door makes way for what became of it, whose heading has the focus", async () => {
  asNobody(stage);
  stage.answers["POST /api/auth/password/forgot"] = () => Response.json({}, { status: 202 });
  open("/forgotten");
  const field = await screen.findByLabelText("E-mail address");
  expect(focused()).toBe(field);
  await user.type(field, "ann@example.com");
  await user.click(screen.getByRole("button", { name: "Send me a link" }));
  await waitFor(() => expect(focused()).toBe(heading("Check your mail")));
  await user.click(screen.getByRole("button", { name: "Send it again or to another address" }));
  const again = await screen.findByLabelText("E-mail address");
  await waitFor(() => expect(focused()).toBe(again));
});

it("the second step leaves it on its heading, turned on or off", async () => {
  const on = { ...ME, second_factor: true, recovery_codes: { left: 10, of: 10 } };
  stage.answers["/api/auth/identities"] = { items: [] };
  stage.answers["/api/auth/sessions"] = { items: [] };
  stage.answers["POST /api/auth/totp"] = { secret: "GEZDGNBV", uri: "otpauth://totp/x", qr_svg: "<svg/>" };
  stage.answers["POST /api/auth/totp/confirm"] = () => {
    stage.answers["/api/auth/me"] = on;
    return { recovery_codes: ["aaaa-bbbb"] };
  };
  stage.answers["DELETE /api/auth/totp"] = () => {
    stage.answers["/api/auth/me"] = ME;
    return nothing();
  };
  open("/settings/security");
  await user.click(await screen.findByRole("button", { name: "Set it up" }));
  await user.type(await screen.findByLabelText("Code from the app"), "287082");
  await user.click(screen.getByRole("button", { name: "Turn it on" }));
  await screen.findByRole("button", { name: "Turn it off" });
  await user.click(screen.getByRole("button", { name: "I have kept them" }));
  await waitFor(() => expect(focused()).toBe(heading("Second step")));
  await user.click(screen.getByRole("button", { name: "Turn it off" }));
  const off = within(await screen.findByRole("dialog"));
  await user.click(off.getByRole("button", { name: "Turn it off" }));
  await screen.findByRole("button", { name: "Set it up" });
  await waitFor(() => expect(focused()).toBe(heading("Second step")));
});

async function createAce() {
  await user.click(await screen.findByRole("radio", { name: "Plumber" }));
  await user.type(screen.getByLabelText("Name"), "Ace");
  await user.click(screen.getByRole("button", { name: "Create the business" }));
}

it("what went wrong with a whole form is gone to when it is out of sight, and else left to be read", async () => {
  stage.answers["POST /api/clients"] = problem(409, "too-many-clients");
  open("/clients/new");
  await createAce();
  expect((await screen.findByRole("alert")).textContent).toMatch(/as many businesses as an account can have/);
  expect(focused()).not.toBe(screen.getByRole("alert"));
  const above = new DOMRect(0, -900, 600, 40);
  vi.spyOn(HTMLParagraphElement.prototype, "getBoundingClientRect").mockReturnValue(above);
  await user.click(screen.getByRole("button", { name: "Create the business" }));
  await waitFor(() => expect(focused()).toBe(screen.getByRole("alert")));
});

it("a name that is taken is said at the name", async () => {
  stage.answers["POST /api/clients"] = problem(409, "name-taken");
  open("/clients/new");
  await createAce();
  expect((await screen.findByRole("alert")).textContent).toMatch(/Another of your businesses has this name/);
  const name = screen.getByLabelText("Name");
  expect(name.getAttribute("aria-invalid")).toBe("true");
  expect(focused()).toBe(name);
});

it("a business without anything is led to what stands first: the choice of a profession, or the words for it", async () => {
  open("/clients/new");
  await user.click(await screen.findByRole("button", { name: "Create the business" }));
  await screen.findByText("Enter what the business is.");
  expect(screen.getByText("Enter the name of the business.")).toBeTruthy();
  await waitFor(() => expect(focused()).toBe(screen.getByRole("radio", { name: "Dentist" })));
  await user.type(screen.getByLabelText("Name"), "Keys");
  await user.click(screen.getByRole("radio", { name: "Something else" }));
  await user.click(screen.getByRole("button", { name: "Create the business" }));
  await waitFor(() => expect(focused()).toBe(screen.getByLabelText("In your own words")));
});

it.each(["here", "by the api"])("a day whose hours are refused %s is gone to", async (where) => {
  const errors = [{ field: "hours.monday[0].to", message: "must be later than from" }];
  stage.answers[`PUT /api/clients/${ID}`] = problem(422, "invalid", { errors });
  stage.answers[`/api/clients/${ID}/history`] = { items: [], next_cursor: null };
  open(`/clients/${ID}`);
  const hours = within(await screen.findByRole("region", { name: "Hours" }));
  const closes = where === "here" ? "08:00" : "18:00";
  fireEvent.change(hours.getByLabelText("Monday, closes"), { target: { value: closes } });
  await user.click(hours.getByRole("button", { name: "Save hours" }));
  await waitFor(() => expect(focused()).toBe(hours.getByLabelText("Monday, opens")));
});
