import { expect, expectNoOverflow, test } from "./dashboard";

test("billing says what is paid for, and lists what was paid, newest first", async ({ dashboard: page }) => {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Billing" }).click();
  const subscription = page.getByRole("region", { name: "Subscription" });
  await expect(subscription.getByText("Paid through")).toBeVisible();
  await expect(subscription.getByText("Calls are answered")).toBeVisible();
  const table = "Payments, newest first";
  await expect(page.getByRole("table", { name: table }).getByText(/^\$\d/).first()).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("table", { name: table }).getByText("Paid", { exact: true }).first()).toBeVisible();
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test("each payment fits its two lines", async ({ dashboard: page }) => {
    await page.goto("/billing");
    await expect(page.getByRole("table", { name: "Payments, newest first" })).toBeVisible({ timeout: 60_000 });
    await expectNoOverflow(page);
  });
});
