/** What every journey starts from: somebody signed in, and a page that may say nothing on the console. */
import AxeBuilder from "@axe-core/playwright";
import { type BrowserContext, type Cookie, type Locator, type Page, test as base, expect } from "@playwright/test";
import { type Person, address, logIn, ready } from "./people";

export { expect };

interface Fixtures {
  /** What a journey provokes on purpose, on the console or outside. Everything else fails it. */
  provoked: RegExp | null;
  /** A page of the owner with a history. */
  dashboard: Page;
  /** A page of the administrator. */
  admin: Page;
}

/** Signed in once for many journeys: none of them may sign these out. */
interface Shared {
  sessions: (title: RegExp) => Promise<Cookie[]>;
}

export const test = base.extend<Fixtures, Shared>({
  sessions: [
    async ({ playwright }, hand) => {
      const known = new Map<string, Cookie[]>();
      await hand(async (title) => {
        const request = await playwright.request.newContext({ baseURL: address() });
        const cookies = known.get(title.source) ?? (await signedIn(request, title));
        known.set(title.source, cookies);
        await request.dispose();
        return cookies;
      });
    },
    { scope: "worker" },
  ],
  provoked: [null, { option: true }],
  page: async ({ page, provoked, baseURL }, hand) => {
    const heard = listen(page, provoked, baseURL ?? "");
    await hand(page);
    expect(heard, "the page stayed silent and asked nobody else").toEqual([]);
  },
  dashboard: async ({ page, context, sessions }, hand) => {
    await context.addCookies(await sessions(/history/i));
    await enter(page);
    await hand(page);
  },
  admin: async ({ page, context, sessions }, hand) => {
    await context.addCookies(await sessions(/administrator/i));
    await enter(page);
    await hand(page);
  },
});

/** On a slow machine the first text is drawn seconds after its font was there. */
const LATE_FONT = /was preloaded using link preload but not used within/;

/** What the page says that it should not, as it says it. */
export function listen(page: Page, provoked: RegExp | null, home: string) {
  const heard: string[] = [];
  const note = (line: string) => {
    if (!provoked?.test(line) && !LATE_FONT.test(line)) heard.push(line);
  };
  page.on("console", (message) => note(`console ${message.type()}: ${message.text()} ${message.location().url}`));
  page.on("pageerror", (error) => note(`page error: ${error.message}`));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(home).origin) note(`asked outside: ${request.url()}`);
  });
  return heard;
}

async function signedIn(request: BrowserContext["request"], title: RegExp) {
  await logIn(request, ready(title));
  return (await request.storageState()).cookies;
}

/** With a session's cookie at hand: the note that one may be signed in is set as signing in would. */
export async function enter(page: Page, path = "/") {
  await page.addInitScript(() => {
    if (sessionStorage.getItem("entered")) return;
    sessionStorage.setItem("entered", "yes");
    localStorage.setItem("frontdesk.session", "perhaps");
  });
  await page.goto(path);
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeVisible();
}

/** Through the pages, as far as the password goes: a second step may follow. */
export async function signIn(page: Page, { email, password }: Person) {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Says who is signed in, and for which account. */
export function accountMenu(page: Page) {
  return page.getByRole("banner").getByRole("button");
}

export async function signOut(page: Page) {
  await accountMenu(page).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
}

/** Waits for calls, for the product may have started a moment ago. */
export async function firstRow(page: Page, table = "Calls, newest first") {
  const row = page.getByRole("table", { name: table }).locator("a[data-row]").first();
  await expect(row).toBeVisible({ timeout: 90_000 });
  return row;
}

/** Neither Escape, however often, nor a press beside a dialog takes away what is shown once. */
export async function expectKept(page: Page, dialog: Locator) {
  for (let press = 0; press < 3; press += 1) await page.keyboard.press("Escape");
  await page.mouse.click(5, 5);
  for (let press = 0; press < 3; press += 1) await page.keyboard.press("Escape");
  // What a browser closes it tells a moment later: two frames on, all of it has been told.
  await page.evaluate(
    () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))),
  );
  await expect(dialog).toBeVisible();
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
