import { enter, expect, test, token } from "./dashboard";

test("the printed link opens the dashboard and leaves no token in the address", async ({ page }) => {
  await enter(page, "/calls?result=answered");
  await expect(page).toHaveURL(/\/calls\?result=answered$/);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
  expect(await page.evaluate(() => document.cookie + JSON.stringify(localStorage))).not.toContain(token());
});

test("a first visit asks for the token without a refused request", async ({ page }) => {
  await page.goto("/billing");
  await page.getByLabel("Access token").fill(token());
  await page.getByRole("button", { name: "Open the dashboard" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Billing" })).toBeVisible();
});

test("signing out closes the session here and on the server", async ({ dashboard: page }) => {
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("Access token")).toBeVisible();
  await expect.poll(() => page.context().cookies()).toEqual([]);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test("one can sign out too", async ({ dashboard: page }) => {
    await page.getByRole("button", { name: "Sign out" }).tap();
    await expect(page.getByLabel("Access token")).toBeVisible();
  });
});

test.describe("a wrong token", () => {
  test.use({ provoked: /401/ });

  test("in a link is named as the reason", async ({ page }) => {
    await page.goto("/#token=not-the-token");
    await expect(page.getByText("This link's token is not valid any more")).toBeVisible();
    await page.getByLabel("Access token").fill(token());
    await page.getByLabel("Access token").press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  });

  test("is refused in words and stays to be mended", async ({ page }) => {
    await page.goto("/");
    const field = page.getByLabel("Access token");
    await field.fill("not-the-token");
    await field.press("Enter");
    await expect(page.getByRole("alert")).toContainText("not the token");
    await expect(field).toHaveValue("not-the-token");
    await field.fill(token());
    await field.press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  });

  test("a session that ended leads back to the gate, and on to the same page", async ({ page, context }) => {
    await enter(page, "/calls");
    await context.clearCookies();
    await page.reload();
    await page.getByLabel("Access token").fill(token());
    await page.getByLabel("Access token").press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
  });
});
