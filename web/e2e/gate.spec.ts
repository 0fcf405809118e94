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
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await expect.poll(() => page.context().cookies()).toEqual([]);
  await page.context().addCookies(before);
  const asked = await page.request.get("/api/auth/me");
  expect(asked.status(), "the old cookie opens nothing").toBe(401);
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
    await page.getByRole("link", { name: "Settings" }).tap();
    await expect(page.getByRole("heading", { level: 1, name: "Profile" })).toBeVisible();
    await page.getByRole("button", { name: /^Account:/ }).tap();
    await page.getByRole("button", { name: "Sign out" }).tap();
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
