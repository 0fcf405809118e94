/** A stranger's whole way: from signing up to leaving, with a colleague in a browser of their own. */
import { type Browser, type Page } from "@playwright/test";
import { expect, expectKept, firstRow, listen, test } from "./dashboard";
import { type Person, address, freeNumber, openLink, sandbox, stranger } from "./people";

// A number is asked for before anything is paid, on purpose.
test.use({ provoked: /409/ });

test("a stranger signs up, sets up a business, sees its calls, invites a colleague, exports and leaves", async ({
  page,
  browser,
}) => {
  const wren = stranger("Wren");
  await signUp(page, wren);
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();

  await test.step("a business, profession first", () => makeBusiness(page));
  const number = freeNumber();
  await test.step("a number, once something is paid", () => assignNumber(page, wren, number));
  await test.step("its calls arrive by themselves", () => seeACall(page, number));
  await test.step("a colleague", () => inviteAColleague(page, browser));
  await test.step("settings", () => changeSettings(page));
  await test.step("an export", () => takeEverything(page));
  await test.step("the end", () => leave(page, wren));
});

async function signUp(page: Page, person: Person) {
  await page.goto("/sign-up");
  await page.getByLabel("Your name").fill(person.name);
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Create the account" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Check your mail" })).toBeVisible();
  await openLink(page, person.email, "/verify");
  await page.getByRole("button", { name: "Confirm my address" }).click();
}

async function makeBusiness(page: Page) {
  await page.getByRole("link", { name: "Businesses" }).first().click();
  await expect(page.getByText("No business yet")).toBeVisible();
  await page.getByRole("link", { name: "New business" }).click();
  await page.getByRole("radio", { name: "Dentist" }).check();
  await expect(page.getByLabel("Instructions")).not.toHaveValue("");
  await page.getByLabel("Name", { exact: true }).fill("Wren Dental");
  await page.getByRole("button", { name: "Create the business" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Wren Dental" })).toBeVisible();
  const hours = page.getByRole("region", { name: "Hours" });
  await hours.getByRole("button", { name: "Open on Monday" }).click();
  await hours.getByRole("button", { name: "Copy Monday to all days" }).click();
  await hours.getByRole("button", { name: "Save hours" }).click();
  await expect(hours.getByText("Saved")).toBeVisible();
  await expect(page.getByRole("region", { name: "History" }).getByText(/changed the hours/)).toBeVisible();
}

async function assignNumber(page: Page, person: Person, number: string) {
  const numbers = page.getByRole("region", { name: "Numbers" });
  await numbers.getByLabel("Give it a number").fill(number);
  await numbers.getByRole("button", { name: "Assign number" }).click();
  await expect(numbers.getByRole("alert")).toContainText("with a subscription");
  await sandbox("subscribe", person.email, "pro");
  await expect(async () => {
    await numbers.getByRole("button", { name: "Assign number" }).click();
    await expect(numbers.getByRole("button", { name: /^Release/ })).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
  await expect(numbers.getByLabel("Give it a number")).toHaveValue("");
}

async function seeACall(page: Page, number: string) {
  await page.getByRole("link", { name: "Its calls" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
  await sandbox("call", number, "--speed", "20");
  await firstRow(page);
  await expect(page.getByRole("table", { name: "Calls, newest first" })).toContainText("Wren Dental");
}

async function inviteAColleague(page: Page, browser: Browser) {
  const cole = stranger("Cole");
  await page.goto("/settings/members");
  await page.getByLabel("E-mail address").fill(cole.email);
  await page.getByRole("radio", { name: "Reader" }).check();
  await page.getByRole("button", { name: "Send the invitation" }).click();
  await expect(page.getByText(`We have written to ${cole.email}`)).toBeVisible();

  const context = await browser.newContext({ baseURL: address() });
  const theirs = await context.newPage();
  const heard = listen(theirs, null, address());
  await openLink(theirs, cole.email, "/invitation");
  await expect(theirs.getByRole("heading", { level: 1, name: "Wren invites you" })).toBeVisible();
  await theirs.getByRole("link", { name: "Create an account" }).click();
  await signUp(theirs, cole);
  await theirs.getByRole("button", { name: "Accept the invitation" }).click();
  await expect(theirs.getByRole("button", { name: "Account: Wren" })).toBeVisible();
  await theirs.getByRole("link", { name: "Businesses" }).first().click();
  await theirs.getByRole("link", { name: "Wren Dental" }).click();
  await expect(theirs.getByRole("region", { name: "What it says" })).toBeVisible();
  await expect(theirs.getByRole("button", { name: /^Save|^Release|^Delete/ })).toHaveCount(0);
  // Back in their own account there is nothing of it.
  await theirs.getByRole("button", { name: "Account: Wren" }).click();
  await theirs.getByRole("menuitemradio", { name: /Your own/ }).click();
  await expect(theirs.getByRole("button", { name: "Account: Cole" })).toBeVisible();
  await theirs.goto("/clients");
  await expect(theirs.getByText("No business yet")).toBeVisible();
  expect(heard).toEqual([]);
  await context.close();

  await page.reload();
  await expect(page.getByText(cole.email)).toBeVisible();
  await expect(page.getByRole("combobox", { name: "Role of Cole" })).toHaveValue("reader");
}

async function changeSettings(page: Page) {
  await page.goto("/settings/profile");
  await page.getByLabel("Time zone").selectOption("Asia/Tokyo");
  await page.getByLabel("Days, times and figures").selectOption("de-DE");
  await page.getByRole("button", { name: "Save profile" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
  await page.goto("/settings/notifications");
  await page.getByRole("switch", { name: "Every call" }).check();
  await page.getByRole("button", { name: "Save notifications" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
  await page.reload();
  await expect(page.getByRole("switch", { name: "Every call" })).toBeChecked();
  await page.goto("/settings/keys");
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByLabel("Name").fill("Our calendar");
  await page.getByRole("checkbox", { name: "Read calls" }).check();
  await page.getByRole("button", { name: "Make the key" }).click();
  const shown = page.getByRole("dialog", { name: "The key “Our calendar”" }).locator("code");
  await expect(shown).toHaveText(/^fd_/);
  const key = (await shown.textContent()) ?? "";
  const asked = await page.request.get("/api/calls", { headers: { authorization: `Bearer ${key}`, cookie: "" } });
  expect(asked.status()).toBe(200);
  await expectKept(page, page.getByRole("dialog"));
  await page.getByRole("button", { name: "I have kept it" }).click();
  await expect(page.getByText("Our calendar")).toBeVisible();
  await page.goto("/settings/activity");
  await expect(page.getByText(/made an API key/)).toBeVisible();
}

async function takeEverything(page: Page) {
  await page.goto("/settings/data");
  await page.getByRole("button", { name: "Make an export" }).click();
  const file = page.locator("a[download]").first();
  await expect(file).toBeVisible({ timeout: 90_000 });
  const [download] = await Promise.all([page.waitForEvent("download"), file.click()]);
  expect(download.suggestedFilename()).toMatch(/\.(jsonl|csv|ndjson)/);
}

async function leave(page: Page, person: Person) {
  await page.getByRole("button", { name: "Delete my account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^Type/).fill(person.email);
  await dialog.getByRole("button", { name: "Delete my account" }).click();
  // Whoever signed up minutes ago has shown who they are: nothing more is asked.
  const banner = page.getByRole("button", { name: "Keep my account" });
  await expect(banner).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await banner.click();
  await expect(banner).toBeHidden();
}
