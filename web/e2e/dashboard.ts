/** What every journey starts from: an open session, and a page that may say nothing on the console. */
import AxeBuilder from "@axe-core/playwright";
import { type Page, test as base, expect } from "@playwright/test";

export { expect };

interface Fixtures {
  /** Console messages a journey provokes on purpose. Everything else fails it. */
  provoked: RegExp | null;
  /** A page behind the gate. */
  dashboard: Page;
}

export const test = base.extend<Fixtures>({
  provoked: [null, { option: true }],
  page: async ({ page, provoked, baseURL }, hand) => {
    const heard: string[] = [];
    const note = (line: string) => {
      if (!provoked?.test(line)) heard.push(line);
    };
    page.on("console", (message) => note(`console ${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => note(`page error: ${error.message}`));
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== new URL(baseURL ?? "").origin) note(`asked outside: ${request.url()}`);
    });
    await hand(page);
    expect(heard, "the page stayed silent and asked nobody else").toEqual([]);
  },
  dashboard: async ({ page }, hand) => {
    await enter(page);
    await hand(page);
  },
});

export function token() {
  const given = process.env.DEV_TOKEN;
  if (!given) throw new Error("DEV_TOKEN is not set: it is the access token the product was started with");
  return given;
}

/** Opens the link the set-up prints. */
export async function enter(page: Page, path = "/") {
  await page.goto(`${path}#token=${token()}`);
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeVisible();
}

/** Waits for calls, for the product may have started a moment ago. */
export async function firstRow(page: Page, table = "Calls, newest first") {
  const row = page.getByRole("table", { name: table }).locator("a[data-row]").first();
  await expect(row).toBeVisible({ timeout: 90_000 });
  return row;
}

export async function expectNoViolations(page: Page) {
  // What is still fading has a contrast of its own.
  await page.evaluate(async () => {
    const ending = document
      .getAnimations()
      .filter((animation) => animation.effect?.getTiming().iterations !== Infinity);
    await Promise.allSettled(ending.map((animation) => animation.finished));
  });
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`)).toEqual([]);
}

export async function expectNoOverflow(page: Page) {
  const { wide, room } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    room: window.innerWidth,
  }));
  expect(wide).toBeLessThanOrEqual(room);
}
