import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "./dashboard";

test("calls appear, ring and end by themselves", async ({ dashboard: page }) => {
  const newest = page.getByRole("table", { name: "Newest calls" }).locator("a[data-row]").first();
  await expect(newest).toBeVisible({ timeout: 90_000 });
  const before = await newest.getAttribute("href");
  let loaded = 0;
  page.on("load", () => (loaded += 1));
  await expect.poll(() => newest.getAttribute("href"), { timeout: 60_000 }).not.toBe(before);
  expect(loaded, "without loading the page again").toBe(0);
});

test("the clock of a live call runs, second by second", async ({ dashboard: page }) => {
  const clock = page.getByRole("table", { name: "Calls going on now" }).getByRole("timer").first();
  await expect(clock).toBeVisible({ timeout: 90_000 });
  const seen = new Set<string>();
  await expect
    .poll(async () => {
      seen.add((await clock.textContent()) ?? "");
      return seen.size;
    })
    .toBeGreaterThan(2);
  for (const shown of seen) expect(shown).toMatch(/^(\d+:)?\d\d:\d\d$/);
});

test("says how fresh it is", async ({ dashboard: page }) => {
  await expect(page.getByTestId("freshness")).toHaveText(/^Live · \d+\.\d s behind$/, { timeout: 60_000 });
});

test("the month's figures and pictures are there, and each picture as a table", async ({ dashboard: page }) => {
  const month = page.getByRole("region", { name: "This month" });
  for (const name of ["Calls", "Talked", "Answered", "Successful", "Captured", "Average call"]) {
    await expect(month.getByText(name, { exact: true })).toBeVisible();
  }
  await page.getByRole("button", { name: "Calls by hour as a table" }).click();
  await expect(page.getByRole("region", { name: "Calls by hour" }).getByRole("row")).toHaveCount(25);
  await page.getByRole("button", { name: "Calls by day as a table" }).click();
  await expect(
    page.getByRole("region", { name: "Calls by day" }).getByRole("columnheader", { name: "Day" }),
  ).toBeVisible();
});

test.describe("a lost connection", () => {
  test.use({ provoked: /Failed to load resource/ });

  test("is said, mended by itself, and everything is asked again", async ({ dashboard: page }) => {
    await expect(page.getByTestId("freshness")).toHaveText(/^Live/, { timeout: 60_000 });
    await page.route("**/api/live", (route) => route.abort());
    await page.reload();
    await expect(page.getByTestId("freshness")).toHaveText(/^Reconnecting/);
    const asked = page.waitForRequest((request) => request.url().includes("/api/calls"), { timeout: 60_000 });
    await page.unroute("**/api/live");
    await expect(page.getByTestId("freshness")).toHaveText(/^Live/, { timeout: 60_000 });
    await asked;
  });

  test("leaves what stands around a page that does not come, and loads it when it is back", async ({
    dashboard: page,
    context,
  }) => {
    const pages = page.getByRole("navigation", { name: "Pages" });
    await expect(page.getByTestId("freshness")).toHaveText(/^Live/, { timeout: 60_000 });
    await context.setOffline(true);
    await pages.getByRole("link", { name: "Businesses" }).click();
    await expect(page.getByText("This page could not be loaded").first()).toBeVisible();
    await expect(page.getByText("There is no connection.")).toBeVisible();
    await expect(pages).toBeVisible();
    await page.getByRole("button", { name: "Try again" }).click();
    await expect(page.getByText("There is no connection.")).toBeVisible();
    await context.setOffline(false);
    await expect(page.getByRole("heading", { level: 1, name: "Businesses" })).toBeVisible();
  });

  /** A command that stops the server and starts it again; the set-up may offer one. */
  const restart = process.env.FRONTDESK_RESTART;
  test("outlives a server that is stopped and started again", async ({ dashboard: page }) => {
    test.skip(!restart, "FRONTDESK_RESTART is not set");
    const freshness = page.getByTestId("freshness");
    await expect(freshness).toHaveText(/^Live/, { timeout: 60_000 });
    await expect(
      page
        .getByRole("img", { name: /^Calls by hour/ })
        .locator("svg")
        .first(),
    ).toBeVisible();
    const restarted = promisify(execFile)("sh", ["-c", restart ?? ""]);
    await expect(freshness).toHaveText(/^Reconnecting/, { timeout: 30_000 });
    await restarted;
    await expect(freshness).toHaveText(/^Live/, { timeout: 60_000 });
    const newest = page.getByRole("table", { name: "Newest calls" }).locator("a[data-row]").first();
    const before = await newest.getAttribute("href");
    await expect.poll(() => newest.getAttribute("href"), { timeout: 60_000 }).not.toBe(before);
  });
});
