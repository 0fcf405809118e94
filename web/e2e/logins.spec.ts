/** Ways in beside the password: Google, GitHub, and the second step. */
import type { Page } from "@playwright/test";
import { enter, expect, expectKept, signIn, signOut, test } from "./dashboard";
import { type Person, becomeSomebody, codeOf, stranger, tellTheProvider } from "./people";

test.describe("through a provider", () => {
  // The provider's pages are another site's, as they should be.
  test.use({ provoked: /asked outside: http:\/\/(127\.0\.0\.1|localhost):\d+\// });

  for (const provider of ["Google", "GitHub"]) {
    test(`a stranger signs up through ${provider}, and comes back through it`, async ({ page }) => {
      const kim = stranger("Kim");
      await page.goto("/sign-up");
      await page.getByRole("link", { name: `Continue with ${provider}` }).click();
      await tellTheProvider(page, kim);
      await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
      await expect(page.getByRole("button", { name: "Account: Kim" })).toBeVisible();
      await signOut(page);

      await page.goto("/settings/security");
      await page.getByRole("link", { name: `Continue with ${provider}` }).click();
      await tellTheProvider(page, kim);
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
    await tellTheProvider(page, lee);
    await expect(page.getByRole("alert")).toContainText("an account with this e-mail address already");
    await signIn(page, lee);
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
    await page.goto("/settings/security");
    await page.getByRole("button", { name: "Link Google" }).click();
    await tellTheProvider(page, lee);
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

    await signOut(page);
    await withPassword(page, sol);
    await page.getByLabel("Code from your authenticator app").fill(codeOf(secret, 1));
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();

    for (const outcome of ["opens", "was used"] as const) {
      await signOut(page);
      await withPassword(page, sol);
      await page.getByRole("button", { name: "Use a recovery code" }).click();
      await page.getByLabel("Recovery code").fill(recovery[0] ?? "");
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      if (outcome === "opens") await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
      else await expect(page.getByRole("alert")).toContainText("each works once");
    }
  });
});

async function withPassword(page: Page, person: Person) {
  await signIn(page, person);
  await expect(page.getByLabel("Code from your authenticator app")).toBeVisible();
}
