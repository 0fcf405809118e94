/** An administrator's tour. */
import { enter, expect, firstRow, test } from "./dashboard";
import { address, becomeSomebody, logIn, ready, stranger } from "./people";

test("users and businesses are found, and each act has its reason", async ({ admin: page, playwright }) => {
  const mo = stranger("Mo");
  const theirs = await playwright.request.newContext({ baseURL: address() });
  await becomeSomebody(theirs, mo);

  await page.getByRole("link", { name: "Administration" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Users" })).toBeVisible();
  await page.getByLabel("Name or e-mail address").fill(mo.email);
  await expect(page).toHaveURL(/q=/);
  const users = page.getByRole("table", { name: "Users" });
  await expect(users.locator("a[data-row]")).toHaveCount(1);
  await users.getByRole("link", { name: "Mo" }).click();
  await expect(page.getByText(mo.email).first()).toBeVisible();

  await page.getByRole("button", { name: "Suspend the account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("An exercise");
  await dialog.getByRole("button", { name: "Suspend the account" }).click();
  await expect(page.getByText("Suspended", { exact: true }).first()).toBeVisible();
  expect((await theirs.get("/api/auth/me")).status(), "signed out at once").not.toBe(200);

  await page.getByRole("button", { name: "Open the account again" }).click();
  await dialog.getByLabel("Reason").fill("The exercise is over");
  await dialog.getByRole("button", { name: "Open the account again" }).click();
  await expect(page.getByText("Active", { exact: true }).first()).toBeVisible();

  const owner = ready(/history/i);
  await page.getByRole("link", { name: "Businesses", exact: true }).last().click();
  await expect(page.getByRole("heading", { level: 1, name: "All businesses" })).toBeVisible();
  await firstRow(page, "Businesses");
  await page.goto(`/admin/users?q=${encodeURIComponent(owner.email)}`);
  await (await firstRow(page, "Users")).click();
  await expect(page.getByRole("region", { name: "Businesses" }).getByRole("listitem")).not.toHaveCount(0);

  await page.goto("/admin/audit");
  await expect(page.getByText(/opened the account again.*The exercise is over/).first()).toBeVisible();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download CSV" }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/\.csv$/);
  await theirs.dispose();
});

test("somebody is made an administrator and is one no more, and each time signs in anew", async ({
  page,
  context,
  playwright,
}) => {
  const pat = stranger("Pat");
  const theirs = await playwright.request.newContext({ baseURL: address() });
  await becomeSomebody(theirs, pat);
  // Signed in just now: what is dangerous wants to know who it is after a while.
  await logIn(context.request, ready(/administrator/i));
  await enter(page, `/admin/users?q=${encodeURIComponent(pat.email)}`);
  await (await firstRow(page, "Users")).click();

  const decide = async (words: string, reason: string) => {
    await page.getByRole("button", { name: words }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill(reason);
    await dialog.getByRole("button", { name: words }).click();
    await expect(dialog).toBeHidden();
    expect((await theirs.get("/api/auth/me")).status(), "signed out at once").toBe(401);
    await logIn(theirs, pat);
    return (await theirs.get("/api/admin/users")).status();
  };
  expect(await decide("Make an administrator", "On call this week")).toBe(200);
  await expect(page.getByText("Administrator", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: "All users" }).click();
  await page.getByLabel("Role").selectOption("admin");
  await page.getByLabel("Name or e-mail address").fill(pat.email);
  await expect(page.getByRole("table", { name: "Users" }).locator("a[data-row]")).toHaveCount(1);
  await (await firstRow(page, "Users")).click();

  expect(await decide("Make no administrator", "The week is over")).toBe(403);
  await expect(page.getByText("Active", { exact: true })).toBeVisible();
  await page.goto("/admin/audit");
  await page.getByLabel("About").selectOption("user");
  await expect(page.getByText(/made them an administrator no more.*The week is over/).first()).toBeVisible();
  await theirs.dispose();
});

test("to an owner there is no administration", async ({ dashboard: page }) => {
  await expect(page.getByRole("link", { name: "Administration" })).toHaveCount(0);
  await page.goto("/admin/users");
  await expect(page.getByText("There is nothing at this address")).toBeVisible();
});
