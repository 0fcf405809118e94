/** The pages before the dashboard: the gate and the ways in. */
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { ACE, ME, type Stage, asNobody, open, openWindow, problem, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
  window.history.replaceState(null, "", "/");
});

async function fillIn(email = "ann@example.com", password = "correct horse") {
  await user.type(await screen.findByLabelText("E-mail address"), email);
  await user.type(screen.getByLabelText("Password"), password);
}

it("a first visit goes to the way in, asks nothing that would be refused, and comes back", async () => {
  asNobody(stage);
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
  asNobody(stage);
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
  asNobody(stage);
  stage.answers["POST /api/auth/login"] = problem(401, "wrong-credentials");
  open("/sign-in");
  await fillIn();
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/password is not right/);
  expect(screen.getByLabelText<HTMLInputElement>("E-mail address").value).toBe("ann@example.com");
  expect(screen.getByLabelText<HTMLInputElement>("Password").value).toBe("correct horse");
});

it("an empty form is refused at its fields and asked of nobody", async () => {
  asNobody(stage);
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
  asNobody(stage);
  stage.answers["POST /api/auth/login"] = problem(429, "too-many", {}, { "retry-after": seconds });
  open("/sign-in");
  await fillIn();
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(words);
});

it("whoever has a second step is asked for its code, or a recovery code", async () => {
  asNobody(stage);
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
  asNobody(stage);
  stage.answers["POST /api/auth/login/code"] = ME;
  const router = open("/sign-in?step=code&return_to=%2Fcalls");
  await user.type(await screen.findByLabelText("Code from your authenticator app"), "123456");
  stage.answers["/api/auth/me"] = ME;
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/calls"), { timeout: 5_000 });
  expect(stage.sent("POST /api/auth/login/code")).toEqual([{ code: "123456" }]);
});

it("a first step at a provider that is too old is taken once more", async () => {
  asNobody(stage);
  stage.answers["POST /api/auth/login/code"] = problem(401, "unauthorised");
  open("/sign-in?step=code");
  await user.type(await screen.findByLabelText("Code from your authenticator app"), "123456");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/took too long/);
  await user.click(screen.getByRole("button", { name: "Back" }));
  expect(await screen.findByLabelText("Password")).toBeTruthy();
});

it("going back from the code keeps the address", async () => {
  asNobody(stage);
  stage.answers["POST /api/auth/login"] = problem(401, "code-needed");
  open("/sign-in");
  await fillIn();
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  await screen.findByLabelText("Code from your authenticator app");
  await user.click(screen.getByRole("button", { name: "Back" }));
  expect(screen.getByLabelText<HTMLInputElement>("E-mail address").value).toBe("ann@example.com");
});

it("offers the providers, and the ready accounts of a machine of one's own", async () => {
  asNobody(stage);
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
  asNobody(stage);
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
  asNobody(stage);
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
  asNobody(stage);
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
  asNobody(stage);
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
  asNobody(stage);
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
  asNobody(stage);
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
  asNobody(stage);
  open("/sign-up");
  const field = await screen.findByLabelText<HTMLInputElement>("Password");
  expect(field.type).toBe("password");
  await user.click(screen.getByRole("button", { name: "Show password" }));
  expect(field.type).toBe("text");
  await user.click(screen.getByRole("button", { name: "Hide password" }));
  expect(field.type).toBe("password");
});

it("a forgotten password is answered the same for any address", async () => {
  asNobody(stage);
  stage.answers["POST /api/auth/password/forgot"] = () => Response.json({}, { status: 202 });
  open("/forgotten");
  await user.type(await screen.findByLabelText("E-mail address"), "nobody@example.com");
  await user.click(screen.getByRole("button", { name: "Send me a link" }));
  expect(await screen.findByText(/If there is an account with this address/)).toBeTruthy();
});

it("the address typed to sign in is there to ask for a new password, and nothing else is taken for one", async () => {
  asNobody(stage);
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

it("loaded again, the way in still says that a mail is on its way, and knows no password", async () => {
  asNobody(stage);
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
  asNobody(stage);
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
