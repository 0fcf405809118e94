import { readFileSync } from "node:fs";
import type { Locator, Page } from "@playwright/test";
import { expect, expectNoOverflow, firstRow, test } from "./dashboard";

test("filters go into the address and survive a reload", async ({ dashboard: page }) => {
  await page.getByRole("link", { name: "Calls", exact: true }).first().click();
  await firstRow(page);
  await page.getByRole("button", { name: "Filters" }).click();
  await page.getByLabel("Result").selectOption("answered");
  await page.getByLabel("Talked for").selectOption("middle");
  await page.getByRole("button", { name: "Show these calls" }).click();
  await page.getByLabel("Number or part of one").fill("1");
  await expect(page).toHaveURL(/number=1/);
  await page.reload();
  const search = new URL(page.url()).searchParams;
  expect(Object.fromEntries(search)).toEqual({
    result: "answered",
    min_talk_ms: "30000",
    max_talk_ms: "120000",
    number: "1",
  });
  await expect(page.getByLabel("Number or part of one")).toHaveValue("1");
  await expect(page.getByRole("link", { name: "Remove filter: 30 s to 2 min" })).toBeVisible();
  await page.getByRole("link", { name: "Remove filter: Number has 1" }).click();
  await expect(page).not.toHaveURL(/number/);
  await page.goBack();
  await expect(page).toHaveURL(/number=1/);
});

test("a day is typed key by key, and asked for when it is whole", async ({ dashboard: page }) => {
  await page.goto("/calls?state=ended");
  await firstRow(page);
  const asked: string[] = [];
  page.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    const from = searchParams.get("from");
    if (pathname === "/api/calls" && from) asked.push(from);
  });
  await page.getByRole("button", { name: "Filters" }).click();
  const from = page.getByRole("dialog", { name: "Filters" }).getByLabel("From");
  // On the month, where a hand begins; slower than the pause after which a field is asked for.
  await from.click({ position: { x: 18, y: 20 } });
  await page.keyboard.type("11202025", { delay: 400 });
  await expect(from).toHaveValue("2025-11-20");
  await expect(page).toHaveURL(/from=2025-11-20/);
  await expect(page.getByRole("link", { name: "Remove filter: From Nov 20, 2025", includeHidden: true })).toHaveCount(1);
  expect(new Set(asked).size, "one day alone was asked for").toBe(1);

  await from.fill("2025-11-30");
  await page.getByLabel("Up to and including").fill("2025-11-01");
  await expect(page.getByRole("alert")).toContainText("before the first day");
});

test("what was said is found, marked, and taken away as a file", async ({ dashboard: page }) => {
  await page.goto("/calls");
  await firstRow(page);
  const box = page.getByLabel("Words said on a call");
  // The sandbox's receptionists end most calls with it.
  await box.fill("goodbye");
  await expect(page).toHaveURL(/q=goodbye$/);
  const rows = page.getByRole("table", { name: "Calls, newest first" }).getByRole("row");
  const marks = rows.locator("mark");
  await expect(marks.first()).toHaveText(/^goodbye$/i);
  await expectNoOverflow(page);
  const links = rows.locator("a[data-row]");
  const listed = await links.evaluateAll((all) => all.map((one) => one.getAttribute("href") ?? ""));
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download CSV" }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/\.csv$/);
  const file = readFileSync(await download.path(), "utf8");
  const ids = Array.from(file.matchAll(/,([0-9a-f-]{36})$/gm), ([, id]) => id);
  // Between the two a call may have ended, so the file may have more than the list.
  expect(ids).toEqual(expect.arrayContaining(listed.map((href) => /[0-9a-f-]{36}/.exec(href)?.[0])));
  const asked = await page.request.get("/api/calls?result=missed&limit=1");
  const [missed] = ((await asked.json()) as { items: { id: string }[] }).items;
  expect(missed).toBeDefined();
  expect(ids, "nobody said anything on a call that was missed").not.toContain(missed?.id);

  await (await firstRow(page)).click();
  const transcript = page.getByRole("region", { name: "Transcript" });
  await expect(transcript.locator("mark").first()).toHaveText(/^goodbye$/i);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/calls\?q=goodbye$/);
  // The address changes before the page is drawn anew.
  await expect(page.getByRole("article", { name: "One call" })).toBeHidden();

  await box.fill('"goodbye zeppelin"');
  await expect(page.getByText("No call matches")).toBeVisible();
  await expect(page.locator("q")).toHaveText('"goodbye zeppelin"');
  await box.press("Escape");
  await expect(page).toHaveURL(/\/calls$/);
  await expect(box).toBeFocused();
  await firstRow(page);
  await expect(marks).toHaveCount(0);
});

test("a filter that nothing matches says so and leads on", async ({ dashboard: page }) => {
  await page.goto("/calls?number=00000000000000");
  await expect(page.getByText("No call matches")).toBeVisible();
  await page.getByRole("link", { name: "Show all calls" }).click();
  await firstRow(page);
  await expect(page).toHaveURL(/\/calls$/);
});

test("one business alone, on every page", async ({ dashboard: page }) => {
  const business = page.getByLabel("Business");
  await expect.poll(() => business.locator("option").count()).toBeGreaterThan(2);
  const name = (await business.locator("option").nth(1).textContent()) ?? "";
  await business.selectOption({ label: name });
  await expect(page).toHaveURL(/client_id=/);
  // The address changes before the page is drawn anew, and a script is faster than that.
  const calls = page.getByRole("link", { name: "Calls", exact: true }).first();
  await expect(calls).toHaveAttribute("href", /client_id=/);
  await calls.click();
  await expect(page).toHaveURL(/\/calls\?client_id=/);
  await expect(business).toHaveValue(new URL(page.url()).searchParams.get("client_id") ?? "none");
});

test("an answered call opens beside the list with its transcript and its events", async ({ dashboard: page }) => {
  await page.goto("/calls?state=ended&outcome=success&min_talk_ms=15000");
  const row = await firstRow(page);
  await row.click();
  await expect(page).toHaveURL(/\/calls\/[0-9a-f-]{36}\?/);
  const call = page.getByRole("article", { name: "One call" });
  await expect(call.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(call.getByText(/rang .*talked/)).toBeVisible();
  await expect
    .poll(() => call.getByRole("region", { name: "Transcript" }).getByRole("listitem").count(), { timeout: 60_000 })
    .toBeGreaterThan(2);
  await expect
    .poll(() => call.getByRole("region", { name: "What happened" }).getByRole("listitem").count())
    .toBeGreaterThan(2);
  await expect(page.getByRole("table", { name: "Calls, newest first" })).toBeVisible();
  await expectNoOverflow(page);
  const happened = call.getByRole("region", { name: "What happened" });
  const written = await happened
    .locator("time")
    .evaluateAll((all) => all.map((time) => time.getAttribute("datetime") ?? ""));
  // A time of whole seconds lies anywhere within its second.
  const seconds = written.map((time) => Math.floor(Date.parse(time) / 1000));
  expect(seconds).toEqual(seconds.toSorted((a, b) => a - b));
  await expect(happened.getByText("io.livekit")).toHaveCount(0);
  await happened.getByRole("button", { name: "Show codes" }).click();
  await expect(happened.getByText("io.livekit.participant_joined").first()).toBeVisible();
});

/** Each look is a press of Tab: there is nothing to wait for between two. */
const AT_ONCE = { intervals: [0] };

test("the keyboard alone finds, opens and closes a call", async ({ dashboard: page }) => {
  const focused = () => page.evaluate(() => (document.activeElement?.textContent ?? "").trim());
  const tabTo = async (words: RegExp) => {
    await expect
      .poll(async () => {
        await page.keyboard.press("Tab");
        return focused();
      }, AT_ONCE)
      .toMatch(words);
  };
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("Skip to the content");
  await tabTo(/^Calls$/);
  await page.keyboard.press("Enter");
  // Ended calls alone: this list does not move while we walk in it.
  await page.goto("/calls?state=ended");
  await firstRow(page);
  await expect
    .poll(async () => {
      await page.keyboard.press("Tab");
      return page.evaluate(() => document.activeElement?.matches("a[data-row]"));
    }, AT_ONCE)
    .toBe(true);
  await page.keyboard.press("End");
  await page.keyboard.press("Home");
  const href = await page.evaluate(() => document.activeElement?.getAttribute("href") ?? "");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`${href.split("?")[0] ?? "no call"}\\?state=ended$`));
  await expect(page.getByRole("article", { name: "One call" }).getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/calls\?state=ended$/);
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("href"))).toBe(href);
});

test("older calls are one page on, and back again", async ({ dashboard: page }) => {
  await page.goto("/calls");
  await firstRow(page);
  await page.getByRole("link", { name: "Older calls" }).click();
  await expect(page).toHaveURL(/cursor=/);
  await firstRow(page);
  await page.getByRole("link", { name: "Newest calls" }).click();
  await expect(page).toHaveURL(/\/calls$/);
});

/** With the mouse to its beginning and back, moment by moment; how far it moved on the screen meanwhile. */
async function drift(page: Page, slider: Locator) {
  const place = async () => (await slider.boundingBox())?.y ?? Number.NaN;
  const before = await place();
  const box = await slider.boundingBox();
  if (!box) throw new Error("the slider is not drawn");
  const seen: number[] = [];
  const across = (share: number) => page.mouse.move(box.x + box.width * share, box.y + box.height / 2);
  await across(0.99);
  await page.mouse.down();
  for (const share of [0.8, 0.6, 0.4, 0.2, 0.01, 0.5, 0.99]) {
    await across(share);
    // What it changes is drawn anew, and only then could it have been moved.
    await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
    seen.push(await place());
  }
  await page.mouse.up();
  await slider.focus();
  for (const key of ["Home", "ArrowRight", "ArrowRight", "End"]) {
    await page.keyboard.press(key);
    await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
    seen.push(await place());
  }
  return Math.max(...seen.map((y) => Math.abs(y - before)));
}

const SCREENS = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

for (const [name, viewport] of Object.entries(SCREENS)) {
  test.describe(`the past of a call, ${name}`, () => {
    test.use({ viewport });

    test("the slider stays where it is while it is moved", async ({ dashboard: page }) => {
      await page.goto("/calls?state=ended&outcome=success&min_talk_ms=15000");
      await (await firstRow(page)).click();
      const call = page.getByRole("article", { name: "One call" });
      const slider = call.getByRole("slider", { name: "As known at" });
      await expect(slider).toBeVisible({ timeout: 60_000 });
      await expect(call.getByRole("region", { name: "Transcript" }).getByRole("listitem").first()).toBeVisible();
      expect(await drift(page, slider), "from the top").toBeLessThanOrEqual(4);
      await call.getByRole("region", { name: "What happened" }).getByRole("listitem").last().scrollIntoViewIfNeeded();
      await expect(slider).toBeInViewport();
      expect(await drift(page, slider), "scrolled down").toBeLessThanOrEqual(4);
      await expectNoOverflow(page);
    });
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test("a call takes the whole screen and leads back to the list", async ({ dashboard: page }) => {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Calls" }).tap();
    const row = await firstRow(page);
    await expectNoOverflow(page);
    await row.tap();
    const call = page.getByRole("article", { name: "One call" });
    await expect(call.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByRole("table", { name: "Calls, newest first" })).toBeHidden();
    await expect(call).toBeFocused();
    await expectNoOverflow(page);
    await call.getByRole("link", { name: "All calls" }).tap();
    await firstRow(page);
  });
});
