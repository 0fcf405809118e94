/** An administrator's tour. */
import { expect, firstRow, test } from "./dashboard";
import { address, becomeSomebody, ready, stranger } from "./people";

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

test("to an owner there is no administration", async ({ dashboard: page }) => {
  await expect(page.getByRole("link", { name: "Administration" })).toHaveCount(0);
  await page.goto("/admin/users");
  await expect(page.getByText("There is nothing at this address")).toBeVisible();
});
