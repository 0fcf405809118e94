import type { Page } from "@playwright/test";
import { enter, expect, expectNoOverflow, expectNoViolations, firstRow, test } from "./dashboard";

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

async function check(page: Page) {
  await expectNoViolations(page);
  await expectNoOverflow(page);
  await expectOwnNames(page);
}

/** Heard without the row it stands in, a button still says what it acts on: no two are called the same. */
async function expectOwnNames(page: Page) {
  const names = await page
    .getByRole("button")
    .evaluateAll((all) => all.map((one) => one.getAttribute("aria-label") ?? one.textContent.trim()));
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
}

/** Each of these by its first heading, and what must be there before it is looked at. */
const SETTINGS = [
  ["profile", "Profile", "Save profile"],
  ["security", "Security", "Sign out everywhere"],
  ["notifications", "Notifications", "Save notifications"],
  ["keys", "API keys", "New key"],
  ["members", "Members", "Send the invitation"],
  ["data", "Your data", "Make an export"],
] as const;

const DOORS = [
  ["/sign-in", "Sign in"],
  ["/sign-up", "Create an account"],
  ["/forgotten", "Forgotten your password?"],
  ["/verify", "The link is missing"],
  ["/verify#x", "Confirm your address"],
  ["/reset#x", "Choose a new password"],
  ["/confirm-email#x", "Confirm your new address"],
  ["/invitation", "The link is missing"],
] as const;

for (const [name, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`${name}, ${colorScheme}`, () => {
      test.use({ viewport, colorScheme });

      test("no page of calls and payments has a barrier or leaves the screen", async ({ dashboard: page }) => {
        await firstRow(page, "Newest calls");
        await expect(
          page
            .getByRole("img", { name: /^Calls by hour/ })
            .locator("svg")
            .first(),
        ).toBeVisible();
        await check(page);

        await page.goto("/calls?state=ended");
        const row = await firstRow(page);
        await check(page);
        await page.getByRole("button", { name: "Filters" }).click();
        await expect(page.getByRole("dialog", { name: "Filters" })).toBeVisible();
        await check(page);
        await page.keyboard.press("Escape");
        await row.click();
        await expect(page.getByRole("article", { name: "One call" }).getByRole("heading", { level: 1 })).toBeVisible();
        await check(page);

        await page.goto("/billing");
        await expect(page.getByRole("region", { name: "Payments" })).toBeVisible();
        await check(page);
        await page.goto("/nowhere");
        await expect(page.getByText("There is nothing at this address")).toBeVisible();
        await check(page);
      });

      test("no page of businesses has one", async ({ dashboard: page }) => {
        await page.goto("/clients");
        const row = await firstRow(page, "Businesses");
        await check(page);
        await row.click();
        await expect(page.getByRole("region", { name: "History" })).toBeVisible();
        await check(page);
        await page.getByRole("button", { name: "Delete this business" }).click();
        await expect(page.getByRole("dialog")).toBeVisible();
        await check(page);
        await page.goto("/clients/new");
        await page.getByRole("radio", { name: "Something else" }).check();
        await page.getByRole("button", { name: "Create the business" }).click();
        await expect(page.getByText("Enter the name of the business.")).toBeVisible();
        await check(page);
      });

      test("no page of the settings has one", async ({ dashboard: page }) => {
        for (const [path, heading, ready] of SETTINGS) {
          await page.goto(`/settings/${path}`);
          await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
          await expect(page.getByRole("button", { name: ready })).toBeVisible();
          await check(page);
        }
        await page.goto("/settings/activity");
        await expect(page.getByRole("listitem").first()).toBeVisible();
        await check(page);
        await page.goto("/settings/keys");
        await page.getByRole("button", { name: "New key" }).click();
        await expect(page.getByRole("dialog", { name: "A new key" }).getByLabel("Name")).toBeFocused();
        await check(page);
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: /^Account:/ }).click();
        await expect(page.getByRole("menuitem", { name: "Sign out" })).toBeVisible();
        await check(page);
      });

      test("no page of the administration has one", async ({ admin: page }) => {
        await page.goto("/admin/users");
        const row = await firstRow(page, "Users");
        await check(page);
        await row.click();
        await expect(page.getByRole("region", { name: "Account" })).toBeVisible();
        await check(page);
        await page.goto("/admin/clients");
        await firstRow(page, "Businesses");
        await check(page);
        await page.goto("/admin/audit");
        await expect(page.getByRole("listitem").first()).toBeVisible();
        await check(page);
      });

      test("no way in has one", async ({ page }) => {
        for (const [path, heading] of DOORS) {
          // Another page first: a change behind # alone loads nothing.
          await page.goto("/forgotten");
          await page.goto(path);
          await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
          await check(page);
        }
        await page.goto("/sign-in?problem=suspended");
        await expect(page.getByRole("alert")).toBeVisible();
        await check(page);
      });
    });
  }
}

test("the account's menu is walked through by arrows, from its first entry", async ({ dashboard: page }) => {
  const opener = page.getByRole("button", { name: /^Account:/ });
  await opener.focus();
  await page.keyboard.press("Enter");
  const entry = (name: string) => page.getByRole("menuitem", { name });
  await expect(entry("Settings")).toBeFocused();
  await page.keyboard.press("End");
  await expect(entry("Sign out")).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(entry("Settings")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(entry("Settings")).toBeHidden();
  await expect(opener).toBeFocused();
});

test.describe("on the narrowest screen", () => {
  test.use({ viewport: { width: 320, height: 640 } });

  test("no settings page scrolls sideways, and the tab of each is in sight", async ({ dashboard: page }) => {
    for (const [path, heading, ready] of SETTINGS) {
      await page.goto(`/settings/${path}`);
      await expect(page.getByRole("button", { name: ready })).toBeVisible();
      await expectNoOverflow(page);
      const tab = page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: heading });
      await expect(tab).toBeInViewport({ ratio: 1 });
    }
  });
});

test("the keyboard alone opens a dialog, stays in it and comes back", async ({ dashboard: page }) => {
  await enter(page, "/settings/keys");
  const opener = page.getByRole("button", { name: "New key" });
  await opener.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "A new key" });
  await expect(dialog.getByLabel("Name")).toBeFocused();
  for (let press = 0; press < 12; press += 1) {
    await page.keyboard.press("Tab");
    const outside = await page.evaluate(() => {
      const { activeElement } = document;
      return activeElement !== document.body && !activeElement?.closest("dialog");
    });
    expect(outside, "the page behind cannot be reached").toBe(false);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(opener).toBeFocused();
});
