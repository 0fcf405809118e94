import { enter, expect, test } from "./dashboard";
import { becomeSomebody, ready, stranger } from "./people";

test("a first visit asks who it is without a refused request, and goes on to the same page", async ({ page }) => {
  await page.goto("/calls?result=answered");
  await expect(page).toHaveURL(/\/sign-in\?return_to=/);
  const owner = ready(/history/i);
  await page.getByLabel("E-mail address").fill(owner.email);
  await page.getByLabel("Password", { exact: true }).fill(owner.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
  await expect(page).toHaveURL(/\/calls\?result=answered$/);
  const kept = await page.evaluate(
    () => document.cookie + JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]),
  );
  expect(kept, "no script can read the session, and no password is kept").not.toMatch(/session=|three bells/);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
});

test("a ready account signs in at a press, and signing out ends it here and on the server", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: /An owner with history/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  const before = await page.context().cookies();
  expect(before.filter(({ httpOnly }) => httpOnly)).toHaveLength(1);
  await page.getByRole("button", { name: /^Account:/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await expect.poll(() => page.context().cookies()).toEqual([]);
  await page.context().addCookies(before);
  const asked = await page.request.get("/api/auth/me");
  expect(asked.status(), "the old cookie opens nothing").toBe(401);
});

test("while the session ends nothing else is asked, however slow the machine", async ({ page, context }) => {
  await becomeSomebody(context.request, stranger("Ida"));
  // Of a page that is whole: on a loaded machine this is the last to be asked for.
  const follows = page.waitForRequest(/\/api\/live$/);
  await enter(page);
  await follows;
  let asked: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    // The browser fetches the page's icon when it likes.
    if (pathname !== "/icon.svg") asked.push(pathname);
  });
  let meanwhile: string[] | null = null;
  await page.route("**/api/auth/logout", async (route) => {
    asked = [];
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    meanwhile = [...asked];
    await route.continue();
  });
  const slow = await context.newCDPSession(page);
  await slow.send("Emulation.setCPUThrottlingRate", { rate: 6 });
  await page.getByRole("button", { name: /^Account:/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible({ timeout: 90_000 });
  expect(meanwhile).toEqual([]);
});

test("what is unsaved is asked about before the way out, and staying keeps it", async ({ page, context }) => {
  await becomeSomebody(context.request, stranger("Ida"));
  await enter(page, "/settings/profile");
  const name = page.getByLabel("Name", { exact: true });
  await name.fill("Ida of Ace");
  const question = page.getByRole("dialog", { name: "Leave without saving?" });
  const signOut = async () => {
    await page.getByRole("button", { name: /^Account:/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
  };
  const wayOut = [
    signOut,
    () => page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Calls" }).click(),
    () => page.evaluate(() => window.history.back()),
  ];
  // So that there is something to go back to.
  await page.getByRole("link", { name: "Members" }).click();
  await question.getByRole("button", { name: "Leave without saving" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Members" })).toBeVisible();
  await page.getByRole("link", { name: "Profile" }).click();
  await name.fill("Ida of Ace");
  for (const leave of wayOut) {
    await leave();
    await question.getByRole("button", { name: "Stay here" }).click();
    await expect(question).toBeHidden();
    await expect(name).toHaveValue("Ida of Ace");
    await expect(page).toHaveURL(/\/settings\/profile$/);
  }
  await signOut();
  await expect(question).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(question).toBeHidden();
  await expect(name).toHaveValue("Ida of Ace");
  await signOut();
  await question.getByRole("button", { name: "Leave without saving" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
});

test("whoever is in is led on from the ways in", async ({ dashboard: page }) => {
  for (const door of ["/sign-in", "/sign-up"]) {
    await page.goto(`${door}?return_to=%2Fbilling`);
    await expect(page.getByRole("heading", { level: 1, name: "Billing" })).toBeVisible();
    await expect(page).toHaveURL(/\/billing$/);
  }
});

test("a return address that is not ours leads home", async ({ page }) => {
  await page.goto("/sign-in?return_to=https%3A%2F%2Fevil.example%2Fcalls");
  await page.getByRole("button", { name: /An owner with history/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test("one can sign in and out too, and reach the settings", async ({ page }) => {
    await page.goto("/");
    await page.getByRole("button", { name: /An owner with history/ }).tap();
    await page.getByRole("button", { name: /^Account:/ }).tap();
    await page.getByRole("menuitem", { name: "Settings" }).tap();
    await expect(page.getByRole("heading", { level: 1, name: "Profile" })).toBeVisible();
    await page.getByRole("button", { name: /^Account:/ }).tap();
    await page.getByRole("menuitem", { name: "Sign out" }).tap();
    await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  });
});

test.describe("refused", () => {
  test.use({ provoked: /40[13]|422/ });

  test("a wrong password is said in words and stays to be mended", async ({ page }) => {
    const somebody = stranger("Ida");
    await page.goto("/sign-in");
    await page.getByLabel("E-mail address").fill(somebody.email);
    await page.getByLabel("Password", { exact: true }).fill("not the password");
    await page.getByLabel("Password", { exact: true }).press("Enter");
    await expect(page.getByRole("alert")).toContainText("password is not right");
    await expect(page.getByLabel("E-mail address")).toHaveValue(somebody.email);
    await expect(page.getByLabel("Password", { exact: true })).toHaveValue("not the password");
  });

  test("a session that ended leads back to the way in, and on to the same page", async ({ page, context }) => {
    const somebody = stranger("Ida");
    await becomeSomebody(context.request, somebody);
    await enter(page, "/calls");
    await context.clearCookies();
    await page.reload();
    await page.getByLabel("E-mail address").fill(somebody.email);
    await page.getByLabel("Password", { exact: true }).fill(somebody.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
  });
});
