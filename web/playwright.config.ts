import { defineConfig } from "@playwright/test";

/** Where the whole product runs with the sandbox; the set-up script starts it and says so. */
const address = process.env.FRONTDESK_URL ?? process.env.BASE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  testDir: "e2e",
  // A test that passes at the second try has found something.
  retries: 0,
  workers: 1,
  timeout: 480_000,
  expect: { timeout: 60_000 },
  reporter: [["list"]],
  use: {
    baseURL: address,
    locale: "en-US",
    timezoneId: "America/New_York",
    viewport: { width: 1280, height: 800 },
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
