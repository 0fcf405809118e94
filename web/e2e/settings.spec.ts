/** A person and their account: how they get in, who else does, how they leave. Each journey makes its own people. */
import type { APIRequestContext, Browser, Page } from "@playwright/test";
import { accountMenu, enter, expect, listen, signIn, signOut, test } from "./dashboard";
import {
  type Person,
  address,
  becomeSomebody,
  codeOf,
  linkIn,
  logIn,
  makeBusiness,
  openLink,
  stranger,
  tellTheProvider,
} from "./people";

// A session that has ended is refused, and so is an old password.
test.use({ provoked: /401/ });

test("a forgotten password is chosen anew by mail, and whoever was in is out", async ({ page, playwright }) => {
  const ruth = stranger("Ruth");
  const elsewhere = await playwright.request.newContext({ baseURL: address() });
  await becomeSomebody(elsewhere, ruth);

  await page.goto("/sign-in");
  await page.getByLabel("E-mail address").fill(ruth.email);
  await page.getByRole("link", { name: "Forgotten it?" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Forgotten your password?" })).toBeVisible();
  await expect(page.getByLabel("E-mail address")).toHaveValue(ruth.email);
  await page.getByRole("button", { name: "Send me a link" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Check your mail" })).toBeVisible();
  await openLink(page, ruth.email, "/reset");
  await page.getByLabel("New password", { exact: true }).fill("eight blue lanterns");
  await page.getByRole("button", { name: "Change the password" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Your password is changed" })).toBeVisible();
  await expectOut(elsewhere);

  await signIn(page, ruth);
  await expect(page.getByRole("alert")).toContainText("password is not right");
  await signIn(page, { ...ruth, password: "eight blue lanterns" });
  await expectOverview(page);
  await elsewhere.dispose();
});

test("address and password are changed, and each ends what was open elsewhere", async ({
  page,
  context,
  playwright,
}) => {
  const ivy = stranger("Ivy");
  const later = { ...stranger("Ivy"), password: "nine quiet rivers" };
  await becomeSomebody(context.request, ivy);
  const elsewhere = await playwright.request.newContext({ baseURL: address() });
  await logIn(elsewhere, ivy);
  await enter(page, "/settings/profile");

  await test.step("the address, by the link in a mail to the new one", async () => {
    await page.getByLabel("New address").fill(later.email);
    await page.getByRole("button", { name: "Change the address" }).click();
    await expect(page.getByText(`We have written to ${later.email}`)).toBeVisible();
    await expect(page.getByText(`You sign in with ${ivy.email}`)).toBeVisible();
    await openLink(page, later.email, "/confirm-email");
    await expect(page.getByText(ivy.email)).toBeVisible();
    await page.getByRole("button", { name: "Confirm my address" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Your address is changed" })).toBeVisible();
    await expectOut(elsewhere);
    await page.goto("/settings/profile");
    await expect(page.getByText(`You sign in with ${later.email}`)).toBeVisible();
  });

  await test.step("the password, by the one before", async () => {
    await logIn(elsewhere, { ...ivy, email: later.email });
    await page.goto("/settings/security");
    const password = page.getByRole("region", { name: "Password" });
    await password.getByLabel("Current password", { exact: true }).fill(ivy.password);
    await password.getByLabel("New password", { exact: true }).fill(later.password);
    await password.getByRole("button", { name: "Change the password" }).click();
    await expect(password.getByText("Your password is changed")).toBeVisible();
    await expectOut(elsewhere);
    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: "Security" })).toBeVisible();
  });

  await test.step("the way in from then on", async () => {
    await signOut(page);
    await signIn(page, ivy);
    await expect(page.getByRole("alert")).toContainText("password is not right");
    await signIn(page, later);
    await expectOverview(page);
  });
  await elsewhere.dispose();
});

test("another browser is signed out alone, and then every one", async ({ page, context, browser }) => {
  const noa = stranger("Noa");
  await becomeSomebody(context.request, noa);
  const other = await anotherBrowser(browser);
  await signIn(other.page, noa);
  await expectOverview(other.page);

  await enter(page, "/settings/security");
  const sessions = page.getByRole("region", { name: "Where you are signed in" });
  await expect(sessions.getByRole("listitem")).toHaveCount(2);
  await sessions.getByRole("button", { name: /^Sign out \d: Chrome/ }).click();
  await expect(sessions.getByRole("listitem")).toHaveCount(1);
  await expect(sessions.getByText("This browser")).toBeVisible();
  await expectDoor(other.page);

  await signIn(other.page, noa);
  await expectOverview(other.page);
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await expectOut(context.request);
  await expectDoor(other.page);
  await other.close();
});

test("the second step is turned on, opened by a recovery code, and turned off", async ({ page, context }) => {
  const tom = stranger("Tom");
  await becomeSomebody(context.request, tom);
  await enter(page, "/settings/security");
  const recovery = await test.step("on", async () => {
    await page.getByRole("button", { name: "Set it up" }).click();
    const setUp = page.getByRole("dialog", { name: "Set up the second step" });
    const secret = ((await setUp.locator("code").textContent()) ?? "").replaceAll(" ", "");
    await setUp.getByLabel("Code from the app").fill(codeOf(secret, 0));
    await setUp.getByRole("button", { name: "Turn it on" }).click();
    const codes = page.getByRole("dialog", { name: "Your recovery codes" });
    await expect(codes.getByRole("listitem")).toHaveCount(10);
    const [first = ""] = await codes.getByRole("listitem").allTextContents();
    await codes.getByRole("button", { name: "I have kept them" }).click();
    await expect(page.getByRole("button", { name: "New recovery codes" })).toBeVisible();
    return first;
  });

  await signOut(page);
  await signIn(page, tom);
  await page.getByRole("button", { name: "Use a recovery code" }).click();
  await page.getByLabel("Recovery code").fill(recovery);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expectOverview(page);

  await page.goto("/settings/security");
  await page.getByRole("button", { name: "Turn it off" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Turn it off" }).click();
  await expect(page.getByRole("button", { name: "Set it up" })).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await signOut(page);
  await signIn(page, tom);
  await expectOverview(page);
});

test("a key is shown once, opens the API, and is revoked", async ({ page, context, playwright }) => {
  await becomeSomebody(context.request, stranger("Kay"));
  const program = await playwright.request.newContext({ baseURL: address() });
  await enter(page, "/settings/keys");
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByLabel("Name").fill("Our till");
  await page.getByRole("checkbox", { name: "Read calls" }).check();
  await page.getByRole("button", { name: "Make the key" }).click();
  const shown = page.getByRole("dialog", { name: "The key “Our till”" });
  const key = (await shown.locator("code").textContent()) ?? "";
  const asked = async () => (await program.get("/api/calls", { headers: { authorization: `Bearer ${key}` } })).status();
  expect(await asked()).toBe(200);
  await shown.getByRole("button", { name: "I have kept it" }).click();
  await page.reload();
  await expect(page.getByText("Our till")).toBeVisible();
  await expect(page.getByText(key)).toHaveCount(0);

  await page.getByRole("button", { name: "Revoke key Our till" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke the key" }).click();
  await expect(page.getByText("None yet")).toBeVisible();
  expect(await asked()).toBe(401);
  await program.dispose();
});

test.describe("through a provider", () => {
  // The provider's pages are another site's, as they should be.
  test.use({ provoked: /asked outside: http:\/\/(127\.0\.0\.1|localhost):\d+\// });

  test("a login that is unlinked opens nothing any more", async ({ page, context }) => {
    const lin = stranger("Lin");
    await becomeSomebody(context.request, lin);
    await enter(page, "/settings/security");
    await page.getByRole("button", { name: "Link Google" }).click();
    await tellTheProvider(page, lin);
    await page.getByRole("button", { name: "Unlink Google" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Unlink it" }).click();
    await expect(page.getByRole("button", { name: "Link Google" })).toBeVisible();

    await signOut(page);
    await page.getByRole("link", { name: "Continue with Google" }).click();
    await tellTheProvider(page, lin);
    await expect(page.getByRole("alert")).toContainText("an account with this e-mail address already");
  });
});

test("members come, change, and go; a manager edits, and sees nothing of the owner's", async ({
  page,
  context,
  browser,
}) => {
  const olga = stranger("Olga");
  await becomeSomebody(context.request, olga);
  const id = await makeBusiness(context.request, "Olga Dental");
  const max = await somebodyElse(browser, "Max");
  const leo = await somebodyElse(browser, "Leo");
  const nobody = stranger("Una");
  await enter(page, "/settings/members");

  await test.step("an invitation is taken back before it is opened", async () => {
    await invite(page, nobody.email);
    // Of one that is taken back before no mail is written.
    const link = await linkIn(nobody.email, "/invitation");
    await page.getByRole("button", { name: `Take back the invitation of ${nobody.email}` }).click();
    await expect(page.getByRole("region", { name: "Invitations" })).toBeHidden();
    await max.page.goto(link);
    await expect(max.page.getByRole("heading", { name: "This link does not work any more" })).toBeVisible();
  });

  await test.step("a reader becomes a manager", async () => {
    await invite(page, max.person.email);
    await accept(max.page, max.person);
    await page.reload();
    const role = page.getByRole("combobox", { name: "Role of Max" });
    await role.selectOption("manager");
    await expect(role, "once it is taken").toHaveValue("manager");
    await page.reload();
    await expect(role).toHaveValue("manager");
  });

  await test.step("who edits a business", async () => {
    await max.page.goto(`/clients/${id}`);
    const says = max.page.getByRole("region", { name: "What it says" });
    await says.getByLabel("Greeting").fill("Olga Dental, Max speaking.");
    await says.getByRole("button", { name: "Save what it says" }).click();
    await expect(says.getByText("Saved")).toBeVisible();
    await page.goto(`/clients/${id}`);
    await expect(page.getByLabel("Greeting")).toHaveValue("Olga Dental, Max speaking.");
    await expect(page.getByRole("region", { name: "History" }).getByText("Max changed the greeting")).toBeVisible();
  });

  await test.step("and sees nothing of the owner's", async () => {
    for (const name of ["keys", "activity"]) {
      await max.page.goto(`/settings/${name}`);
      await expect(max.page.getByText("This is the owner's")).toBeVisible();
    }
    await max.page.goto("/settings/members");
    await expect(max.page.getByText(olga.email)).toBeVisible();
    await expect(max.page.getByRole("link", { name: /^(API keys|Activity)$/ })).toHaveCount(0);
    await expect(max.page.getByRole("button", { name: /^(Remove|Send the invitation)/ })).toHaveCount(0);
    for (const path of ["/api/keys", "/api/audit", "/api/users/export"]) {
      expect((await max.page.request.get(path)).status(), path).toBe(403);
    }
  });

  await test.step("one is removed, another leaves", async () => {
    await page.goto("/settings/members");
    await page.getByRole("button", { name: "Remove Max" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove them" }).click();
    await expect(page.getByText(max.person.email)).toHaveCount(0);
    await expectOwnAccount(max.page, "Max");

    await invite(page, leo.person.email);
    await accept(leo.page, leo.person);
    await leo.page.goto("/settings/members");
    await leo.page.getByRole("button", { name: "Leave Olga" }).click();
    await leo.page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
    await expectOverview(leo.page);
    await expectOwnAccount(leo.page, "Leo");
    await page.reload();
    await expect(page.getByText(olga.email)).toBeVisible();
    await expect(page.getByText(leo.person.email)).toHaveCount(0);
  });
  await max.close();
  await leo.close();
});

test("an account that was deleted says so at the next sign-in", async ({ page, context }) => {
  const wim = stranger("Wim");
  await becomeSomebody(context.request, wim);
  await enter(page, "/settings/data");
  await page.getByRole("button", { name: "Delete my account" }).click();
  const sure = page.getByRole("dialog", { name: "Delete your account?" });
  const end = sure.getByRole("button", { name: "Delete my account" });
  await expect(end).toBeDisabled();
  await sure.getByLabel(/^Type/).fill(wim.email);
  await end.click();
  const ending = page.getByText(/Your account will be deleted on/);
  await expect(ending).toBeVisible();
  await signOut(page);
  await signIn(page, wim);
  await expectOverview(page);
  await expect(ending).toBeVisible();
  await expect(page.getByRole("button", { name: "Keep my account" })).toBeVisible();
});

async function invite(page: Page, email: string) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("button", { name: "Send the invitation" }).click();
  await expect(page.getByText(`We have written to ${email}`)).toBeVisible();
}

async function accept(page: Page, { email }: Person) {
  await openLink(page, email, "/invitation");
  await expect(page.getByRole("heading", { level: 1, name: "Olga invites you" })).toBeVisible();
  await page.getByRole("button", { name: "Accept the invitation" }).click();
  await expectOverview(page);
  await expect(accountMenu(page)).toHaveAccessibleName(/Olga/);
}

async function expectOverview(page: Page) {
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
}

async function expectOwnAccount(page: Page, name: string) {
  await page.goto("/clients");
  await expect(page.getByText("No business yet")).toBeVisible();
  await expect(accountMenu(page)).toHaveAccessibleName(new RegExp(name));
  await expect(accountMenu(page)).not.toHaveAccessibleName(/Olga/);
}

/** The way in stands where the page was. */
async function expectDoor(page: Page) {
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
}

async function expectOut(request: APIRequestContext) {
  expect((await request.get("/api/auth/me")).status()).toBe(401);
}

/** What it says on its console, beside what this journey provokes, fails the journey when it closes. */
async function anotherBrowser(browser: Browser) {
  const context = await browser.newContext({ baseURL: address() });
  const page = await context.newPage();
  const heard = listen(page, /401|403|410/, address());
  const close = async () => {
    expect(heard).toEqual([]);
    await context.close();
  };
  return { page, context, close };
}

/** Somebody else, signed in with an account of their own. */
async function somebodyElse(browser: Browser, name: string) {
  const person = stranger(name);
  const theirs = await anotherBrowser(browser);
  await becomeSomebody(theirs.context.request, person);
  await enter(theirs.page);
  return { ...theirs, person };
}
