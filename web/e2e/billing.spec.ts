import { expect, expectNoOverflow, firstRow, test } from "./dashboard";

test("accounts stand one by one, and one of them alone behind its business", async ({ dashboard: page }) => {
  await page.getByRole("link", { name: "Billing" }).first().click();
  const account = await firstRow(page, "Accounts");
  await expect(page.getByRole("columnheader", { name: "Account" }).first()).toBeVisible();
  const name = (await account.textContent()) ?? "nobody";
  await account.click();
  const subscription = page.getByRole("region", { name: "Subscription" });
  await expect(subscription.getByText(`${name} pays for`)).toBeVisible();
  await expect(page.getByLabel("Business")).not.toHaveValue("");
  await expect(page.getByRole("table", { name: "Accounts" })).toBeHidden();
  await expect(page.getByRole("columnheader", { name: "Account" })).toHaveCount(0);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test("each account and each payment fits its two lines", async ({ dashboard: page }) => {
    await page.goto("/billing");
    await firstRow(page, "Accounts");
    await expect(page.getByRole("table", { name: "Payments, newest first" })).toBeVisible({ timeout: 90_000 });
    await expectNoOverflow(page);
  });
});
