/** The pages before the dashboard: the gate, the ways in, and the links of mails. */
import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { forgetSession, noteSession } from "../api/session";
import { ACE, ME, type Stage, nothing, open, openWindow, problem, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
  window.history.replaceState(null, "", "/");
});

function nobody() {
  forgetSession();
  stage.answers["/api/auth/me"] = problem(401, "unauthorised");
}

async function fillIn(email = "ann@example.com", password = "correct horse") {
  await user.type(await screen.findByLabelText("E-mail address"), email);
  await user.type(screen.getByLabelText("Password"), password);
}

it("a first visit goes to the way in, asks nothing that would be refused, and comes back", async () => {
  nobody();
  stage.answers["POST /api/auth/login"] = ME;
  const router = open("/billing?client_id=x");
  await fillIn();
  expect(stage.asked.map(({ url }) => url.pathname)).toEqual(["/api/auth/offer"]);
  stage.answers["/api/auth/me"] = ME;
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Billing" })).toBeTruthy();
  expect(router.state.location.search).toBe("?client_id=x");
  expect(stage.sent("POST /api/auth/login")).toEqual([{ email: "ann@example.com", password: "correct horse" }]);
});

it("a session that ended leads to the way in before any page is drawn", async () => {
  stage.answers["/api/auth/me"] = problem(401, "unauthorised");
  const router = open("/calls?result=missed");
  expect(await screen.findByRole("heading", { level: 1, name: "Sign in" })).toBeTruthy();
  expect(router.state.location.search).toBe("?return_to=%2Fcalls%3Fresult%3Dmissed&problem=session-ended");
  expect(screen.getByRole("alert").textContent).toMatch(/You are signed out: your session ended/);
  expect(stage.asked.some(({ url }) => url.pathname === "/api/calls")).toBe(false);
});

it("what was asked with the secret that a session had before is asked once more", async () => {
  const refused = problem(401, "unauthorised");
  let asked = 0;
  stage.answers["/api/clients"] = () => ((asked += 1) === 1 ? refused() : { items: [ACE] });
  open("/clients");
  expect(await screen.findByRole("link", { name: "Ace" })).toBeTruthy();
});

it("whoever left for a provider and comes back as nobody had no session that ended", async () => {
  nobody();
  localStorage.setItem("frontdesk.session", "perhaps");
  openWindow("/calls");
  expect(await screen.findByRole("heading", { level: 1, name: "Sign in" })).toBeTruthy();
  expect(screen.queryByRole("alert")).toBeNull();
});

it("a server that is away is said to be so, and nobody is sent away", async () => {
  stage.answers["/api/auth/me"] = () => Promise.reject(new TypeError("network"));
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  open("/calls");
  expect(await screen.findByText("Frontdesk does not answer")).toBeTruthy();
});

it("wrong credentials are said in words and nothing typed is lost", async () => {
  nobody();
  stage.answers["POST /api/auth/login"] = problem(401, "wrong-credentials");
  open("/sign-in");
  await fillIn();
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/password is not right/);
  expect(screen.getByLabelText<HTMLInputElement>("E-mail address").value).toBe("ann@example.com");
  expect(screen.getByLabelText<HTMLInputElement>("Password").value).toBe("correct horse");
});

it("an empty form is refused at its fields and asked of nobody", async () => {
  nobody();
  open("/sign-in");
  await user.type(await screen.findByLabelText("E-mail address"), "ann");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByText(/not an e-mail address/)).toBeTruthy();
  expect(screen.getByText("Enter your password.")).toBeTruthy();
  expect(screen.getByLabelText("Password").getAttribute("aria-invalid")).toBe("true");
  expect(stage.sent("POST /api/auth/login")).toEqual([]);
});

it.each([
  ["25", /Try again in 25 seconds\. Or choose a new password by mail/],
  ["300", /Try again in 5 minutes/],
])("a wait of %s seconds is told in words", async (seconds, words) => {
  nobody();
  stage.answers["POST /api/auth/login"] = problem(429, "too-many", {}, { "retry-after": seconds });
  open("/sign-in");
  await fillIn();
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(words);
});

it("whoever has a second step is asked for its code, or a recovery code", async () => {
  nobody();
  const login = vi.fn(({ body }: { body: unknown }) => {
    const { code } = body as { code?: string };
    if (code === undefined) return problem(401, "code-needed")();
    return code === "abcd-efgh" ? Response.json(ME) : problem(401, "wrong-credentials")();
  });
  stage.answers["POST /api/auth/login"] = login;
  const router = open("/sign-in");
  await fillIn();
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  await user.type(await screen.findByLabelText("Code from your authenticator app"), "000000");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/every 30 seconds/);
  await user.click(screen.getByRole("button", { name: "Use a recovery code" }));
  await user.type(screen.getByLabelText("Recovery code"), "abcd-efgh");
  stage.answers["/api/auth/me"] = ME;
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/"), { timeout: 5_000 });
});

it("whoever comes from a provider and has a second step is asked for the code alone", async () => {
  nobody();
  stage.answers["POST /api/auth/login/code"] = ME;
  const router = open("/sign-in?step=code&return_to=%2Fcalls");
  await user.type(await screen.findByLabelText("Code from your authenticator app"), "123456");
  stage.answers["/api/auth/me"] = ME;
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/calls"), { timeout: 5_000 });
  expect(stage.sent("POST /api/auth/login/code")).toEqual([{ code: "123456" }]);
});

it("a first step at a provider that is too old is taken once more", async () => {
  nobody();
  stage.answers["POST /api/auth/login/code"] = problem(401, "unauthorised");
  open("/sign-in?step=code");
  await user.type(await screen.findByLabelText("Code from your authenticator app"), "123456");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/took too long/);
  await user.click(screen.getByRole("button", { name: "Back" }));
  expect(await screen.findByLabelText("Password")).toBeTruthy();
});

it("going back from the code keeps the address", async () => {
  nobody();
  stage.answers["POST /api/auth/login"] = problem(401, "code-needed");
  open("/sign-in");
  await fillIn();
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  await screen.findByLabelText("Code from your authenticator app");
  await user.click(screen.getByRole("button", { name: "Back" }));
  expect(screen.getByLabelText<HTMLInputElement>("E-mail address").value).toBe("ann@example.com");
});

it("offers the providers, and the ready accounts of a machine of one's own", async () => {
  nobody();
  stage.answers["/api/auth/offer"] = {
    providers: ["google", "github"],
    ready_accounts: [{ title: "An owner with history", email: "ann@example.com", password: "pw" }],
    mailbox_url: null,
  };
  stage.answers["POST /api/auth/login"] = ME;
  open("/sign-in?return_to=%2Fcalls");
  const google = await screen.findByRole("link", { name: "Continue with Google" });
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const telling = new URLSearchParams({ return_to: "/calls", time_zone: timeZone, locale: navigator.language });
  expect(google.getAttribute("href")).toBe(`/api/auth/google?${telling.toString()}`);
  expect(screen.getByRole("link", { name: "Continue with GitHub" })).toBeTruthy();
  stage.answers["/api/auth/me"] = ME;
  await user.click(screen.getByRole("button", { name: /An owner with history/ }));
  expect(await screen.findByRole("heading", { level: 1, name: "Calls" })).toBeTruthy();
});

it.each(["suspended", "something-new"])("what a provider's return says (%s) stands above the form", async (kind) => {
  nobody();
  open(`/sign-in?problem=${kind}`);
  const said = (await screen.findByRole("alert")).textContent;
  expect(said).toMatch(kind === "suspended" ? /is suspended/ : /did not work/);
});

it("a suspended account is told so at the gate", async () => {
  stage.answers["/api/auth/me"] = problem(403, "suspended");
  open("/");
  expect((await screen.findByRole("alert")).textContent).toMatch(/is suspended/);
});

it("whoever signs in to a suspended account is told that nobody can, and where to write", async () => {
  nobody();
  stage.answers["/api/auth/offer"] = {
    providers: [],
    ready_accounts: [{ title: "An owner with history", email: "ann@example.com", password: "pw" }],
    mailbox_url: null,
  };
  stage.answers["POST /api/auth/login"] = problem(403, "suspended");
  open("/sign-in");
  await user.click(await screen.findByRole("button", { name: /An owner with history/ }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/nobody can sign in\. Write to us/);
  await fillIn();
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  await waitFor(() => expect(screen.getAllByText(/nobody can sign in\. Write to us/)).toHaveLength(2));
});

it("a sign-up ends with a look into the mailbox, and the address can be mended", async () => {
  nobody();
  stage.answers["/api/auth/offer"] = { providers: [], ready_accounts: [], mailbox_url: "http://127.0.0.1:8025/" };
  stage.answers["POST /api/auth/signup"] = () => Response.json({}, { status: 202 });
  open("/sign-up");
  await user.type(await screen.findByLabelText("Your name"), "  Ann Able ");
  await fillIn("ann@exampel.com");
  await user.click(screen.getByRole("button", { name: "Create the account" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Check your mail" })).toBeTruthy();
  expect(screen.getByRole("link", { name: "Open the mailbox" }).getAttribute("href")).toBe("http://127.0.0.1:8025/");
  const [sent] = stage.sent("POST /api/auth/signup");
  expect(sent).toMatchObject({ name: "Ann Able", email: "ann@exampel.com", locale: "en-US" });
  await user.click(screen.getByRole("button", { name: "Change the address" }));
  expect((await screen.findByLabelText<HTMLInputElement>("E-mail address")).value).toBe("ann@exampel.com");
  expect(screen.getByLabelText<HTMLInputElement>("Password").value).toBe("correct horse");
});

it("a mail is sent again once a press", async () => {
  nobody();
  stage.answers["POST /api/auth/signup"] = () => Response.json({}, { status: 202 });
  open("/sign-up");
  await user.type(await screen.findByLabelText("Your name"), "Ann Able");
  await fillIn();
  await user.click(screen.getByRole("button", { name: "Create the account" }));
  let answer: (response: Response) => void = () => undefined;
  stage.answers["POST /api/auth/signup"] = () => new Promise<Response>((resolve) => (answer = resolve));
  await user.dblClick(await screen.findByRole("button", { name: "Send it again" }));
  answer(Response.json({}, { status: 202 }));
  expect(await screen.findByText("It was sent again.")).toBeTruthy();
  expect(stage.sent("POST /api/auth/signup")).toHaveLength(2);
});

it("what the api refuses about a field stands at that field", async () => {
  nobody();
  const errors = [
    { field: "password", message: "is one of the passwords tried first" },
    { field: "locale", message: "must be a locale like en-US" },
  ];
  stage.answers["POST /api/auth/signup"] = problem(422, "invalid", { errors });
  open("/sign-up");
  await user.type(await screen.findByLabelText("Your name"), "Ann");
  await fillIn("ann@example.com", "password1");
  await user.click(screen.getByRole("button", { name: "Create the account" }));
  expect(await screen.findByText("This is one of the passwords tried first.")).toBeTruthy();
  expect(screen.getByText(/Locale must be a locale/), "what has no field stands at the head").toBeTruthy();
  expect(document.activeElement).toBe(screen.getByLabelText("Password"));
});

it("a zone or locale of the browser that is no name to the api does not stand in the way", async () => {
  nobody();
  stage.answers["POST /api/auth/signup"] = ({ body }: { body: unknown }) =>
    "time_zone" in (body as object)
      ? problem(422, "invalid", { errors: [{ field: "time_zone", message: "must be an IANA time zone" }] })()
      : Response.json({}, { status: 202 });
  open("/sign-up");
  await user.type(await screen.findByLabelText("Your name"), "Ann Able");
  await fillIn();
  await user.click(screen.getByRole("button", { name: "Create the account" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Check your mail" })).toBeTruthy();
  const typed = { name: "Ann Able", email: "ann@example.com", password: "correct horse" };
  expect(stage.sent("POST /api/auth/signup").at(-1)).toEqual(typed);
});

it("a password can be looked at while it is typed", async () => {
  nobody();
  open("/sign-up");
  const field = await screen.findByLabelText<HTMLInputElement>("Password");
  expect(field.type).toBe("password");
  await user.click(screen.getByRole("button", { name: "Show password" }));
  expect(field.type).toBe("text");
  await user.click(screen.getByRole("button", { name: "Hide password" }));
  expect(field.type).toBe("password");
});

function openLink(path: string, token = "tok") {
  window.history.replaceState(null, "", `${path}#${token}`);
  return open(path);
}

it("a link's token leaves the address at once, and is used by a press alone", async () => {
  nobody();
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
  nobody();
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
  if (path === "/verify") nobody();
  else noteSession(ME.user.id, ME.account.id);
  stage.answers[asked] = problem(410, "link-over");
  openLink(path);
  await user.click(await screen.findByRole("button", { name: press }));
  expect(await screen.findByText("This link does not work any more")).toBeTruthy();
  expect(screen.getByRole("link", { name: leads })).toBeTruthy();
});

it("a new address is confirmed by who asked, who signs in and comes back, and by nobody else", async () => {
  nobody();
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
    nobody();
    open(path);
    expect(await screen.findByText("The link is missing")).toBeTruthy();
  },
);

it("a forgotten password is answered the same for any address", async () => {
  nobody();
  stage.answers["POST /api/auth/password/forgot"] = () => Response.json({}, { status: 202 });
  open("/forgotten");
  await user.type(await screen.findByLabelText("E-mail address"), "nobody@example.com");
  await user.click(screen.getByRole("button", { name: "Send me a link" }));
  expect(await screen.findByText(/If there is an account with this address/)).toBeTruthy();
});

it("the address typed to sign in is there to ask for a new password, and nothing else is taken for one", async () => {
  nobody();
  const router = open("/sign-in");
  await user.type(await screen.findByLabelText("E-mail address"), "ann@example.com");
  await user.click(screen.getByRole("link", { name: "Forgotten it?" }));
  await screen.findByRole("heading", { level: 1, name: "Forgotten your password?" });
  expect(screen.getByLabelText<HTMLInputElement>("E-mail address").value).toBe("ann@example.com");
  for (const state of [{ typed: 7 }, "typed", null]) {
    await router.navigate("/sign-in");
    await screen.findByRole("heading", { level: 1, name: "Sign in" });
    await router.navigate("/forgotten", { state });
    await screen.findByRole("heading", { level: 1, name: "Forgotten your password?" });
    expect(screen.getByLabelText<HTMLInputElement>("E-mail address").value).toBe("");
  }
});

it("a new password is chosen with the link, and leads to the way in", async () => {
  nobody();
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
  nobody();
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

it("loaded again, the way in still says that a mail is on its way, and knows no password", async () => {
  nobody();
  const state = { sentTo: { email: "ann@example.com", name: "Ann Able" } };
  const router = open("/forgotten");
  await screen.findByRole("heading", { level: 1, name: "Forgotten your password?" });
  await router.navigate("/sign-up", { state });
  expect(await screen.findByRole("heading", { level: 1, name: "Check your mail" })).toBeTruthy();
  expect(screen.getByText("ann@example.com")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Send it again" }), "there is no password to send").toBeNull();
  await user.click(screen.getByRole("button", { name: "Send it again or to another address" }));
  expect((await screen.findByLabelText<HTMLInputElement>("Your name")).value).toBe("Ann Able");
  expect(screen.getByLabelText<HTMLInputElement>("E-mail address").value).toBe("ann@example.com");
  expect(router.state.location.state).toBeNull();
});

it("what is kept with the page has no password", async () => {
  nobody();
  stage.answers["POST /api/auth/signup"] = () => Response.json({}, { status: 202 });
  const router = open("/sign-up");
  await user.type(await screen.findByLabelText("Your name"), "Ann Able");
  await fillIn();
  await user.click(screen.getByRole("button", { name: "Create the account" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Check your mail" })).toBeTruthy();
  expect(router.state.location.state).toEqual({ sentTo: { email: "ann@example.com", name: "Ann Able" } });
  await router.navigate(-1);
  expect((await screen.findByLabelText<HTMLInputElement>("E-mail address")).value).toBe("ann@example.com");
});
