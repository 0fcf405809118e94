import { expect, expectNoOverflow, expectNoViolations, firstRow, test } from "./dashboard";

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

for (const [name, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`${name}, ${colorScheme}`, () => {
      test.use({ viewport, colorScheme });

      test("no page has a barrier or leaves the screen", async ({ dashboard: page }) => {
        const check = async () => {
          await expectNoViolations(page);
          await expectNoOverflow(page);
        };
        await firstRow(page, "Newest calls");
        await expect(
          page
            .getByRole("img", { name: /^Calls by hour/ })
            .locator("svg")
            .first(),
        ).toBeVisible();
        await check();

        await page.goto("/calls?state=ended");
        const row = await firstRow(page);
        await check();
        await page.getByRole("button", { name: "Filters" }).click();
        await expect(page.getByRole("dialog", { name: "Filters" })).toBeVisible();
        await check();
        await page.keyboard.press("Escape");
        await row.click();
        await expect(page.getByRole("article", { name: "One call" }).getByRole("heading", { level: 1 })).toBeVisible();
        await check();

        await page.goto("/billing");
        await expect(page.getByRole("region", { name: "Payments" })).toBeVisible();
        await check();
        await page.goto("/nowhere");
        await expect(page.getByText("There is nothing at this address")).toBeVisible();
        await check();
      });

      test("the gate has no barrier", async ({ page }) => {
        await page.goto("/");
        await expect(page.getByLabel("Access token")).toBeVisible();
        await expectNoViolations(page);
        await expectNoOverflow(page);
      });
    });
  }
}
