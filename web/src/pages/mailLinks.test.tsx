/** What links of mails lead to: a proven address, a new password, an invitation. */
import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { noteSession } from "../api/session";
import { ME, type Stage, asNobody, nothing, open, problem, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
  window.history.replaceState(null, "", "/");
});

function openLink(path: string, token = "tok") {
  window.history.replaceState(null, "", `${path}#${token}`);
  return open(path);
}

it("a link's token leaves the address at once, and is used by a press alone", async () => {
  asNobody(stage);
  stage.answers["POST /api/auth/verify-email"] = () => Response.json(ME, { status: 201 });
  const router = openLink("/verify");
  const confirm = await screen.findByRole("button", { name: "Confirm my address" });
  expect(window.location.hash).toBe("");
  expect(stage.sent("POST /api/auth/verify-email")).toEqual([]);
  stage.answers["/api/auth/me"] = ME;
  await user.click(confirm);
  await waitFor(() => expect(router.state.location.pathname).toBe("/"), { timeout: 5_000 });
  expect(stage.sent("POST /api/auth/verify-email")).toEqual([{ token: "tok" }]);
});

it("in another browser the link asks for the password chosen at the sign-up", async () => {
  asNobody(stage);
  stage.answers["POST /api/auth/verify-email"] = ({ body }: { body: unknown }) =>
    "password" in (body as object) ? problem(401, "wrong-credentials")() : problem(409, "password-needed")();
  openLink("/verify");
  await user.click(await screen.findByRole("button", { name: "Confirm my address" }));
  await user.type(await screen.findByLabelText("Password"), "wrong horse");
  await user.click(screen.getByRole("button", { name: "Confirm my address" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/not the password chosen/);
  expect(stage.sent("POST /api/auth/verify-email").at(-1)).toEqual({ token: "tok", password: "wrong horse" });
  await user.clear(screen.getByLabelText("Password"));
  await user.click(screen.getByRole("button", { name: "Confirm my address" }));
  expect(await screen.findByText("Enter your password.")).toBeTruthy();
  expect(stage.sent("POST /api/auth/verify-email"), "without one nothing is sent").toHaveLength(2);
});

it.each([
  ["/verify", "POST /api/auth/verify-email", "Confirm my address", "Sign up again"],
  ["/confirm-email", "POST /api/users/email/confirm", "Confirm my address", "Go to the dashboard"],
])("a link of %s that is over says so and leads on", async (path, asked, press, leads) => {
  if (path === "/verify") asNobody(stage);
  else noteSession(ME.user.id, ME.account.id);
  stage.answers[asked] = problem(410, "link-over");
  openLink(path);
  await user.click(await screen.findByRole("button", { name: press }));
  expect(await screen.findByText("This link does not work any more")).toBeTruthy();
  expect(screen.getByRole("link", { name: leads })).toBeTruthy();
});

it("a new address is confirmed by who asked, who signs in and comes back, and by nobody else", async () => {
  asNobody(stage);
  const router = openLink("/confirm-email");
  expect(await screen.findByText(/Sign in to the account that asked/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Confirm my address" })).toBeNull();
  await user.click(screen.getByRole("link", { name: "Sign in" }));
  expect(router.state.location.search).toBe("?return_to=%2Fconfirm-email");
  noteSession(ME.user.id, ME.account.id);
  stage.answers["/api/auth/me"] = ME;
  await act(() => router.navigate("/confirm-email"));
  stage.answers["POST /api/users/email/confirm"] = problem(403, "other-account");
  await user.click(await screen.findByRole("button", { name: "Confirm my address" }));
  expect(await screen.findByText(/about another account/)).toBeTruthy();
  await act(() => router.navigate("/sign-in"));
  await act(() => router.navigate("/confirm-email"));
  stage.answers["POST /api/users/email/confirm"] = nothing;
  await user.click(await screen.findByRole("button", { name: "Confirm my address" }));
  expect(await screen.findByText("Your address is changed")).toBeTruthy();
  expect(stage.sent("POST /api/users/email/confirm")).toEqual([{ token: "tok" }, { token: "tok" }]);
});

it.each(["/verify", "/reset", "/confirm-email", "/invitation"])(
  "%s without a link says what is missing",
  async (path) => {
    asNobody(stage);
    open(path);
    expect(await screen.findByText("The link is missing")).toBeTruthy();
  },
);

it("a new password is chosen with the link, and leads to the way in", async () => {
  asNobody(stage);
  stage.answers["POST /api/auth/password/reset"] = nothing;
  openLink("/reset");
  expect(await screen.findByText(/API keys you made are revoked.* unlinked/)).toBeTruthy();
  expect(screen.getByText(/Members, invitations and businesses stay/)).toBeTruthy();
  await user.type(screen.getByLabelText("New password"), "short");
  await user.click(screen.getByRole("button", { name: "Change the password" }));
  expect(await screen.findByText("At least 8 characters.")).toBeTruthy();
  await user.type(screen.getByLabelText("New password"), " but longer");
  await user.click(screen.getByRole("button", { name: "Change the password" }));
  expect(await screen.findByText("Your password is changed")).toBeTruthy();
  expect(screen.getByRole("status").textContent).toMatch(/signed out now.*API keys.*revoked.*Members and invitations/);
  expect(stage.sent("POST /api/auth/password/reset")).toEqual([{ token: "tok", password: "short but longer" }]);
});

it("a new address is proven by a press, with a word for whoever did not ask; whose it is now is said", async () => {
  stage.answers["POST /api/users/email/confirm"] = () => {
    stage.answers["/api/auth/me"] = { ...ME, user: { ...ME.user, email: "new@example.com" } };
    return nothing();
  };
  openLink("/confirm-email");
  expect(await screen.findByText(/did not ask for this\? Then there is nothing to do/)).toBeTruthy();
  expect(screen.getByText(/the account you are signed in to: Ann Able|^It is for the account/).textContent).toMatch(
    /Ann Able, ann@example.com/,
  );
  expect(stage.sent("POST /api/users/email/confirm")).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Confirm my address" }));
  expect(await screen.findByText("Your address is changed")).toBeTruthy();
  expect(screen.getByRole("status").textContent).toMatch(/account of Ann Able has the address new@example.com now/);
});

const INVITED = {
  account_name: "Bob's Dental",
  email: "ann@example.com",
  role: "manager",
  expires_at: "2026-12-04T10:00:00Z",
};

it("an invitation says who invites to what, and waits while somebody signs in", async () => {
  asNobody(stage);
  stage.answers["POST /api/invitations/show"] = INVITED;
  stage.answers["POST /api/auth/login"] = ME;
  const accepted = { ...ME, account: { id: "b", name: "Bob's Dental", role: "manager" } };
  stage.answers["POST /api/invitations/accept"] = accepted;
  const router = openLink("/invitation");
  expect(await screen.findByRole("heading", { level: 1, name: "Bob's Dental invites you" })).toBeTruthy();
  expect(screen.getByText(/You would be a manager/)).toBeTruthy();
  const address = () => screen.findByLabelText<HTMLInputElement>("E-mail address");
  await user.click(screen.getByRole("link", { name: "Create an account" }));
  expect((await address()).value, "it is the one that was invited").toBe(INVITED.email);
  await act(() => router.navigate("/invitation"));
  await user.click(await screen.findByRole("link", { name: "Sign in" }));
  expect((await address()).value).toBe(INVITED.email);
  await user.type(screen.getByLabelText("Password"), "correct horse");
  stage.answers["/api/auth/me"] = ME;
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  await user.click(await screen.findByRole("button", { name: "Accept the invitation" }));
  expect(await screen.findByRole("button", { name: "Account: Bob's Dental as Ann Able" })).toBeTruthy();
  expect(stage.sent("POST /api/invitations/accept")).toEqual([{ token: "tok" }]);
  expect(localStorage.getItem("frontdesk.invitation")).toBeNull();
});

it("an invitation for another address is not accepted in passing", async () => {
  stage.answers["POST /api/invitations/show"] = { ...INVITED, email: "bea@example.com" };
  stage.answers["POST /api/auth/logout"] = nothing;
  const router = openLink("/invitation");
  expect(
    await screen.findByText(/signed in as ann@example.com, and this invitation is for bea@example.com/),
  ).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Accept the invitation" })).toBeNull();
  await user.click(screen.getByRole("button", { name: /Sign out and use the other/ }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/sign-in"));
  expect(router.state.location.search).toBe("?return_to=%2Finvitation");
});

it("an invitation for another address can be put aside, and does not come back", async () => {
  stage.answers["POST /api/invitations/show"] = { ...INVITED, email: "bea@example.com" };
  const router = openLink("/invitation");
  await user.click(await screen.findByRole("link", { name: "Not now" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Overview" })).toBeTruthy();
  await act(() => router.navigate("/sign-in"));
  await waitFor(() => expect(router.state.location.pathname).toBe("/"));
});

it("an invitation that is over is told", async () => {
  stage.answers["POST /api/invitations/show"] = problem(410, "link-over");
  openLink("/invitation");
  expect(await screen.findByText("This link does not work any more")).toBeTruthy();
});
