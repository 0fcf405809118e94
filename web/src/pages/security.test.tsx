/** Passwords, second steps, logins and sessions, and what ends the others. */
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { type Asked, ME, OTHER_ID, type Stage, dialog, nothing, open, part, plain, problem, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

const SESSION = {
  id: OTHER_ID,
  method: "password",
  user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  address: "192.0.2.7",
  created_at: "2026-11-20T10:00:00Z",
  seen_at: "2026-11-23T10:00:00Z",
  is_current: true,
};

const SECURED = { ...ME, second_factor: true, recovery_codes: { left: 10, of: 10 } };

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
  stage.answers["/api/auth/identities"] = { items: [] };
  stage.answers["/api/auth/sessions"] = { items: [SESSION] };
});

it("with a second step its code proves it, and the password does not", async () => {
  stage.answers["/api/auth/me"] = SECURED;
  stage.answers["DELETE /api/auth/totp"] = problem(403, "proof-needed");
  stage.answers["POST /api/auth/prove"] = nothing;
  open("/settings/security");
  await user.click(await screen.findByRole("button", { name: "Turn it off" }));
  await user.click((await dialog("Turn the second step off?")).getByRole("button", { name: "Turn it off" }));
  const proof = await dialog("Is it you?");
  expect(proof.queryByLabelText("Your password")).toBeNull();
  await user.type(proof.getByLabelText(/Code from your authenticator app/), "123456");
  stage.answers["DELETE /api/auth/totp"] = nothing;
  stage.answers["/api/auth/me"] = ME;
  await user.click(proof.getByRole("button", { name: "Continue" }));
  expect(await screen.findByRole("button", { name: "Set it up" })).toBeTruthy();
  expect(stage.sent("POST /api/auth/prove")).toEqual([{ code: "123456" }]);
});

it("whoever has neither proves it at their provider", async () => {
  stage.answers["/api/auth/me"] = { ...ME, has_password: false };
  stage.answers["/api/auth/identities"] = {
    items: [{ provider: "google", email: "ann@example.com", linked_at: SESSION.created_at, used_at: null }],
  };
  stage.answers["POST /api/auth/totp"] = problem(403, "proof-needed");
  open("/settings/security");
  await user.click(await screen.findByRole("button", { name: "Set it up" }));
  const link = await (await dialog("Is it you?")).findByRole("link", { name: "Continue with Google" });
  expect(link.getAttribute("href")).toContain("/api/auth/google?return_to=%2Fsettings%2Fsecurity&");
});

it("a password is changed with the one before, and what is wrong stands at its field", async () => {
  const errors = [{ field: "current_password", message: "is not right" }];
  stage.answers["POST /api/auth/password/change"] = problem(422, "invalid", { errors });
  open("/settings/security");
  const password = await part("Password");
  await user.type(password.getByLabelText("Current password"), "old password");
  await user.type(password.getByLabelText("New password"), "brand new words");
  await user.click(password.getByRole("button", { name: "Change the password" }));
  expect(await password.findByText("This is not right.")).toBeTruthy();
  expect(password.getByLabelText<HTMLInputElement>("New password").value).toBe("brand new words");
  stage.answers["POST /api/auth/password/change"] = nothing;
  await user.click(password.getByRole("button", { name: "Change the password" }));
  expect(await password.findByText("Your password is changed")).toBeTruthy();
  expect(password.getByLabelText<HTMLInputElement>("New password").value).toBe("");
});

it("a first password is set without the one before, and that is said", async () => {
  stage.answers["/api/auth/me"] = { ...ME, has_password: false };
  stage.answers["POST /api/auth/password/change"] = () => {
    stage.answers["/api/auth/me"] = ME;
    return nothing();
  };
  open("/settings/security");
  const password = await part("Password");
  await user.type(password.getByLabelText("New password"), "brand new words");
  await user.click(password.getByRole("button", { name: "Set a password" }));
  expect(await password.findByText("Your password is set")).toBeTruthy();
  expect(stage.sent("POST /api/auth/password/change")).toEqual([{ password: "brand new words" }]);
  expect(password.getByRole("button", { name: "Change the password" })).toBeTruthy();
  await user.type(password.getByLabelText("New password"), "other new words");
  await user.click(password.getByRole("button", { name: "Change the password" }));
  expect(await password.findByText("Enter the password you have now.")).toBeTruthy();
});

const SIGNED_OUT = /Every other browser and program is signed out/;

/** A second browser, which the api signs out at the act. */
function twoBrowsers(act: string, answer: object) {
  const phone = { ...SESSION, id: "other", is_current: false, user_agent: "Mozilla/5.0 (iPhone) Safari/604" };
  stage.answers["/api/auth/sessions"] = { items: [SESSION, phone] };
  stage.answers[act] = () => {
    stage.answers["/api/auth/sessions"] = { items: [SESSION] };
    return answer;
  };
}

const phoneIsThere = () => screen.findByText("Safari on iPhone");
const phoneIsGone = () => waitFor(() => expect(screen.queryByText("Safari on iPhone")).toBeNull());

it("turning the second step on says that others are signed out, and shows who is left", async () => {
  stage.answers["POST /api/auth/totp"] = { secret: "GEZDGNBV", uri: "otpauth://totp/x", qr_svg: QR };
  twoBrowsers("POST /api/auth/totp/confirm", { recovery_codes: ["aaaa-bbbb"] });
  open("/settings/security");
  await phoneIsThere();
  await user.click(screen.getByRole("button", { name: "Set it up" }));
  const setUp = await dialog("Set up the second step");
  expect(setUp.getByText(SIGNED_OUT)).toBeTruthy();
  expect(setUp.getByText(/phone's clock must be right/)).toBeTruthy();
  await user.type(setUp.getByLabelText("Code from the app"), "287082");
  await user.click(setUp.getByRole("button", { name: "Turn it on" }));
  await phoneIsGone();
});

it("turning the second step off does too", async () => {
  stage.answers["/api/auth/me"] = SECURED;
  twoBrowsers("DELETE /api/auth/totp", new Response(null, { status: 204 }));
  open("/settings/security");
  await phoneIsThere();
  await user.click(screen.getByRole("button", { name: "Turn it off" }));
  const off = await dialog("Turn the second step off?");
  expect(off.getByText(SIGNED_OUT)).toBeTruthy();
  await user.click(off.getByRole("button", { name: "Turn it off" }));
  await phoneIsGone();
});

it("unlinking a login does too", async () => {
  stage.answers["/api/auth/identities"] = {
    items: [{ provider: "github", email: "ann@example.com", linked_at: SESSION.created_at, used_at: null }],
  };
  twoBrowsers("DELETE /api/auth/identities/github", new Response(null, { status: 204 }));
  open("/settings/security");
  await phoneIsThere();
  await user.click(await screen.findByRole("button", { name: "Unlink GitHub" }));
  const unlink = await dialog("Unlink GitHub?");
  expect(unlink.getByText(SIGNED_OUT)).toBeTruthy();
  await user.click(unlink.getByRole("button", { name: "Unlink it" }));
  await phoneIsGone();
});

const QR = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29"><rect fill="#fff"/><path d="M4 4h7v7h-7z"/><script>alert(1)</script></svg>`;

it("the second step is set up with a picture or a secret, and its recovery codes are shown once", async () => {
  stage.answers["POST /api/auth/totp"] = { secret: "GEZDGNBV", uri: "otpauth://totp/x", qr_svg: QR };
  stage.answers["POST /api/auth/totp/confirm"] = ({ body }: Asked) =>
    (body as { code: string }).code === "287082"
      ? { recovery_codes: ["aaaa-bbbb", "cccc-dddd"] }
      : problem(422, "invalid", { errors: [{ field: "code", message: "is not the code the app shows now" }] })();
  open("/settings/security");
  await user.click(await screen.findByRole("button", { name: "Set it up" }));
  const setUp = await dialog("Set up the second step");
  const picture = setUp.getByRole("img", { name: /picture to scan/ });
  expect(picture.querySelector("path")?.getAttribute("d")).toBe("M4 4h7v7h-7z");
  expect(document.querySelector("dialog script"), "shapes alone are taken from the picture").toBeNull();
  expect(setUp.getByText("GEZD GNBV")).toBeTruthy();
  await user.type(setUp.getByLabelText("Code from the app"), "000000");
  await user.click(setUp.getByRole("button", { name: "Turn it on" }));
  expect(await setUp.findByText("This is not the code the app shows now.")).toBeTruthy();
  await user.clear(setUp.getByLabelText("Code from the app"));
  await user.type(setUp.getByLabelText("Code from the app"), "287082");
  stage.answers["/api/auth/me"] = SECURED;
  await user.click(setUp.getByRole("button", { name: "Turn it on" }));
  const codes = await dialog("Your recovery codes");
  expect(codes.getByText("aaaa-bbbb")).toBeTruthy();
  await user.keyboard("{Escape}");
  expect(codes.getByText("cccc-dddd"), "Escape does not lose them").toBeTruthy();
  await user.click(codes.getByRole("button", { name: "Copy them" }));
  expect(await navigator.clipboard.readText()).toBe("aaaa-bbbb\ncccc-dddd");
  await user.click(codes.getByRole("button", { name: "I have kept them" }));
  expect(screen.queryByText("aaaa-bbbb")).toBeNull();
  expect(await screen.findByRole("button", { name: "New recovery codes" })).toBeTruthy();
});

const withCodes = (left: number) => ({ ...SECURED, recovery_codes: { left, of: 10 } });

it.each([
  [7, /^7 of 10 recovery codes left$/, false],
  [3, /^3 of 10 recovery codes left$/, false],
  [2, /^2 of 10 recovery codes left\..*Make new ones with the button below/, true],
  [0, /^No recovery codes left\..*Make new ones with the button below/, true],
])("of ten recovery codes %i are left, and that is said", async (left, words, isUrged) => {
  stage.answers["/api/auth/me"] = withCodes(left);
  open("/settings/security");
  const step = await part("Second step");
  const said = step.getByText((_, element) => element?.tagName === "P" && words.test(plain(element)));
  expect(/new ones/.test(plain(said))).toBe(isUrged);
});

it("new recovery codes take the place of those that were left, and the figure follows", async () => {
  stage.answers["/api/auth/me"] = withCodes(1);
  stage.answers["POST /api/auth/totp/recovery-codes"] = () => {
    stage.answers["/api/auth/me"] = SECURED;
    return { recovery_codes: ["aaaa-bbbb"] };
  };
  open("/settings/security");
  await user.click(await screen.findByRole("button", { name: "New recovery codes" }));
  await user.click((await dialog("New recovery codes?")).getByRole("button", { name: "Make new codes" }));
  await user.click((await dialog("Your recovery codes")).getByRole("button", { name: "I have kept them" }));
  expect(await screen.findByText("10 of 10 recovery codes left")).toBeTruthy();
  expect(stage.sent("POST /api/auth/totp/recovery-codes")).toHaveLength(1);
});

it("a recovery code that proves something is counted", async () => {
  stage.answers["/api/auth/me"] = withCodes(4);
  stage.answers["/api/auth/identities"] = {
    items: [{ provider: "github", email: "ann@example.com", linked_at: SESSION.created_at, used_at: null }],
  };
  stage.answers["DELETE /api/auth/identities/github"] = problem(403, "proof-needed");
  stage.answers["POST /api/auth/prove"] = () => {
    stage.answers["DELETE /api/auth/identities/github"] = nothing;
    stage.answers["/api/auth/me"] = withCodes(3);
    return nothing();
  };
  open("/settings/security");
  await user.click(await screen.findByRole("button", { name: "Unlink GitHub" }));
  await user.click((await dialog("Unlink GitHub?")).getByRole("button", { name: "Unlink it" }));
  const proof = await dialog("Is it you?");
  await user.type(proof.getByLabelText(/or a recovery code/), "aaaa-bbbb");
  await user.click(proof.getByRole("button", { name: "Continue" }));
  expect(await screen.findByText("3 of 10 recovery codes left")).toBeTruthy();
});

/** An act that is under way until it is told what came of it. */
function underWay(what: string) {
  let answer: (response: Response) => void = () => undefined;
  stage.answers[what] = () => new Promise<Response>((resolve) => (answer = resolve));
  return (response: Response) => answer(response);
}

it.each([
  ["Link GitHub", "POST /api/auth/identities/github/link"],
  ["Sign out 2: Chrome on Linux", "DELETE /api/auth/sessions/other"],
])("%s pressed twice is asked for once, and can be tried again", async (button, act) => {
  stage.answers["/api/auth/offer"] = { providers: ["github"], ready_accounts: [], mailbox_url: null };
  stage.answers["/api/auth/sessions"] = { items: [SESSION, { ...SESSION, id: "other", is_current: false }] };
  const answer = underWay(act);
  open("/settings/security");
  const press = await screen.findByRole("button", { name: new RegExp(`^${button}`) });
  await user.dblClick(press);
  answer(problem(503, "unavailable")());
  expect(await screen.findByRole("alert")).toBeTruthy();
  expect(stage.sent(act)).toHaveLength(1);
  await user.click(press);
  await waitFor(() => expect(stage.sent(act)).toHaveLength(2));
});

it("one press asks for one secret", async () => {
  const answer = underWay("POST /api/auth/totp");
  open("/settings/security");
  await user.dblClick(await screen.findByRole("button", { name: "Set it up" }));
  answer(problem(503, "unavailable")());
  const step = await part("Second step");
  expect(await step.findByRole("alert")).toBeTruthy();
  expect(stage.sent("POST /api/auth/totp")).toHaveLength(1);
  stage.answers["POST /api/auth/totp"] = { secret: "GEZDGNBV", uri: "otpauth://totp/x", qr_svg: QR };
  await user.click(step.getByRole("button", { name: "Set it up" }));
  expect(await dialog("Set up the second step")).toBeTruthy();
});

it("the only way in cannot be unlinked, and that is said", async () => {
  stage.answers["/api/auth/identities"] = {
    items: [{ provider: "github", email: "ann@example.com", linked_at: SESSION.created_at, used_at: null }],
  };
  stage.answers["DELETE /api/auth/identities/github"] = problem(409, "last-login");
  open("/settings/security?problem=identity-taken");
  expect((await screen.findByRole("alert")).textContent).toMatch(/linked to another account/);
  await user.click(await screen.findByRole("button", { name: "Unlink GitHub" }));
  const unlink = await dialog("Unlink GitHub?");
  await user.click(unlink.getByRole("button", { name: "Unlink it" }));
  expect((await unlink.findByRole("alert")).textContent).toMatch(/only way you can sign in/);
});

it("sessions say which browser and from where, and others can be ended", async () => {
  const phone = {
    ...SESSION,
    id: "other",
    is_current: false,
    user_agent: "Mozilla/5.0 (iPhone) Version/18 Safari/604",
  };
  stage.answers["/api/auth/sessions"] = { items: [SESSION, phone] };
  stage.answers["DELETE /api/auth/sessions/other"] = () => {
    stage.answers["/api/auth/sessions"] = { items: [SESSION] };
    return nothing();
  };
  open("/settings/security");
  const sessions = await part("Where you are signed in");
  expect(await sessions.findByText("Chrome on Linux")).toBeTruthy();
  expect(sessions.getByText("This browser")).toBeTruthy();
  await user.click(sessions.getByRole("button", { name: /Sign out \d: Safari on iPhone/ }));
  await waitFor(() => expect(sessions.queryByText("Safari on iPhone")).toBeNull());
});

it("signing out everywhere ends here too", async () => {
  stage.answers["DELETE /api/auth/sessions"] = nothing;
  const router = open("/settings/security");
  await user.click(await screen.findByRole("button", { name: "Sign out everywhere" }));
  await user.click((await dialog()).getByRole("button", { name: "Sign out everywhere" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/sign-in"), { timeout: 5_000 });
  expect(stage.sent("DELETE /api/auth/sessions")).toHaveLength(1);
  expect(stage.sent("POST /api/auth/logout"), "that session has ended with the others").toHaveLength(0);
});

it("the code's field has the focus when the second step is set up", async () => {
  stage.answers["POST /api/auth/totp"] = { secret: "GEZDGNBV", uri: "otpauth://totp/x", qr_svg: QR };
  open("/settings/security");
  await user.click(await screen.findByRole("button", { name: "Set it up" }));
  const field = (await dialog("Set up the second step")).getByLabelText("Code from the app");
  await waitFor(() => expect(document.activeElement).toBe(field));
});

it("whoever signs in at their provider in another tab goes on here, with what they had typed", async () => {
  const past = { ...ME, has_password: false };
  stage.answers["/api/auth/me"] = past;
  stage.answers["/api/auth/identities"] = {
    items: [{ provider: "google", email: "ann@example.com", linked_at: SESSION.created_at, used_at: null }],
  };
  stage.answers["POST /api/users/email"] = problem(403, "proof-needed");
  open("/settings/profile");
  const address = await part("E-mail address");
  await user.type(address.getByLabelText("New address"), "new@example.com");
  await user.click(address.getByRole("button", { name: "Change the address" }));
  const proof = await dialog("Is it you?");
  const link = await proof.findByRole("link", { name: "Continue with Google" });
  expect(link.getAttribute("target")).toBe("_blank");
  link.addEventListener("click", (event) => event.preventDefault());
  await user.click(link);
  await user.click(proof.getByRole("button", { name: "I have signed in" }));
  expect((await proof.findByRole("alert")).textContent).toMatch(/has not told us yet/);
  const session = { id: OTHER_ID, method: "google", proven_until: new Date(Date.now() + 60_000).toISOString() };
  stage.answers["/api/auth/me"] = { ...past, session };
  stage.answers["POST /api/users/email"] = ({ body }: Asked) => {
    const email_change = { ...(body as { email: string }), expires_at: "2026-11-23T11:00:00Z" };
    stage.answers["/api/auth/me"] = { ...past, session, email_change };
    return Response.json({}, { status: 202 });
  };
  document.dispatchEvent(new Event("visibilitychange"));
  expect(await address.findByText(/We have written to new@example.com/)).toBeTruthy();
  expect(stage.sent("POST /api/users/email").at(-1)).toEqual({ email: "new@example.com" });
});

it("every way that signs others out says that keys go on", async () => {
  stage.answers["/api/auth/me"] = SECURED;
  open("/settings/security");
  await user.click(await screen.findByRole("button", { name: "Turn it off" }));
  expect((await dialog("Turn the second step off?")).getByText(/API keys go on working/)).toBeTruthy();
});
