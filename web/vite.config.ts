import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { precompress } from "./precompress";

const BACK_END = process.env.FRONTDESK_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), tailwindcss(), precompress()],
  server: { host: "127.0.0.1", proxy: { "/api": BACK_END } },
  build: {
    // The content security policy allows 'self' alone, so nothing may become a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["./vitest.setup.ts"],
    // Longer than what a test waits for at most.
    testTimeout: 20_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
