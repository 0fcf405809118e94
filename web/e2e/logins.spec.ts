/** Ways in beside the password: Google, GitHub, and the second step. */
import { createHmac } from "node:crypto";
import type { Page } from "@playwright/test";
import { enter, expect, expectKept, test } from "./dashboard";
import { becomeSomebody, stranger } from "./people";

test.describe("through a provider", () => {
  // The provider's pages are another site's, as they should be.
  test.use({ provoked: /asked outside: http:\/\/(127\.0\.0\.1|localhost):\d+\// });

  for (const provider of ["Google", "GitHub"]) {
    test(`a stranger signs up through ${provider}, and comes back through it`, async ({ page }) => {
      const kim = stranger("Kim");
      await page.goto("/sign-up");
      await page.getByRole("link", { name: `Continue with ${provider}` }).click();
      await tellTheProvider(page, kim.name, kim.email);
      await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
      await expect(page.getByRole("button", { name: "Account: Kim" })).toBeVisible();
      await signOut(page, "Kim");

      await page.goto("/settings/security");
      await page.getByRole("link", { name: `Continue with ${provider}` }).click();
      await tellTheProvider(page, kim.name, kim.email);
      await expect(page.getByRole("heading", { level: 1, name: "Security" })).toBeVisible();
      await expect(page.getByRole("button", { name: "Set a password" })).toBeVisible();
      await expect(page.getByRole("button", { name: `Unlink ${provider}` })).toBeVisible();
    });
  }

  test("an address that has an account is not taken over, and linking makes it a way in", async ({ page, context }) => {
    const lee = stranger("Lee");
    await becomeSomebody(context.request, lee);
    await context.clearCookies();
    await page.goto("/sign-in");
    await page.getByRole("link", { name: "Continue with Google" }).click();
    await tellTheProvider(page, lee.name, lee.email);
    await expect(page.getByRole("alert")).toContainText("an account with this e-mail address already");
    await page.getByLabel("E-mail address").fill(lee.email);
    await page.getByLabel("Password", { exact: true }).fill(lee.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
    await page.goto("/settings/security");
    await page.getByRole("button", { name: "Link Google" }).click();
    await tellTheProvider(page, lee.name, lee.email);
    await expect(page.getByText("You can sign in through Google from now on.")).toBeVisible();
    await expect(page.getByRole("button", { name: "Unlink Google" })).toBeVisible();
  });

  test("whoever says no there is told so here", async ({ page }) => {
    await page.goto("/sign-in?return_to=%2Fcalls");
    await page.getByRole("link", { name: "Continue with GitHub" }).click();
    await page.getByRole("button", { name: "Deny" }).click();
    await expect(page.getByRole("alert")).toContainText("You did not allow it there");
    await expect(page).toHaveURL(/return_to=%2Fcalls/);
  });
});

/** The sandbox's page, where one is whoever one says. */
async function tellTheProvider(page: Page, name: string, email: string) {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
}

test.describe("the second step", () => {
  test.use({ provoked: /401|422/ });

  test("is set up, asked for, and opened by a recovery code once", async ({ page, context }) => {
    const sol = stranger("Sol");
    await becomeSomebody(context.request, sol);
    await enter(page, "/settings/security");
    await page.getByRole("button", { name: "Set it up" }).click();
    const setUp = page.getByRole("dialog", { name: "Set up the second step" });
    await expect(setUp.getByRole("img", { name: /picture to scan/ })).toBeVisible();
    await expect(setUp.locator("code")).toHaveText(/^[A-Z2-7]{4}( [A-Z2-7]{1,4})+$/);
    const secret = ((await setUp.locator("code").textContent()) ?? "").replaceAll(" ", "");
    await setUp.getByLabel("Code from the app").fill(codeOf(secret, 0));
    await setUp.getByRole("button", { name: "Turn it on" }).click();
    const codes = page.getByRole("dialog", { name: "Your recovery codes" });
    await expect(codes.getByRole("listitem")).toHaveCount(10);
    const recovery = await codes.getByRole("listitem").allTextContents();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      codes.getByRole("button", { name: "Download them" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("frontdesk-recovery-codes.txt");
    await expectKept(page, codes);
    await codes.getByRole("button", { name: "I have kept them" }).click();
    await expect(page.getByRole("button", { name: "New recovery codes" })).toBeVisible();

    await signOut(page, sol.name);
    await withPassword(page, sol.email, sol.password);
    await page.getByLabel("Code from your authenticator app").fill(codeOf(secret, 1));
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();

    for (const outcome of ["opens", "was used"] as const) {
      await signOut(page, sol.name);
      await withPassword(page, sol.email, sol.password);
      await page.getByRole("button", { name: "Use a recovery code" }).click();
      await page.getByLabel("Recovery code").fill(recovery[0] ?? "");
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      if (outcome === "opens") await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
      else await expect(page.getByRole("alert")).toContainText("each works once");
    }
  });
});

async function signOut(page: Page, name: string) {
  await page.getByRole("button", { name: `Account: ${name}` }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
}

async function withPassword(page: Page, email: string, password: string) {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByLabel("Code from your authenticator app")).toBeVisible();
}

/** RFC 6238 with the usual 30 seconds and six digits; a code counts once, so the next one is asked for too. */
function codeOf(secret: string, stepsAhead: number) {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + stepsAhead));
  const mac = createHmac("sha1", fromBase32(secret)).update(step).digest();
  const at = (mac.at(-1) ?? 0) & 0xf;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

function fromBase32(text: string) {
  const bits = Array.from(text, (letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"),
  );
  return Buffer.from((bits.join("").match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
