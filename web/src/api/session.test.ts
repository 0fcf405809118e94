import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openSession, tokenFromAddress } from "./session";

beforeEach(() => localStorage.clear());
afterEach(() => window.history.replaceState(null, "", "/"));

function answering(status: number) {
  const asked = vi.fn<typeof fetch>().mockResolvedValue(new Response(null, { status }));
  vi.stubGlobal("fetch", asked);
  return asked;
}

it("takes the token out of the address and leaves the rest of it", () => {
  window.history.replaceState(null, "", "/calls?result=missed#token=abc");
  expect(tokenFromAddress()).toBe("abc");
  expect(window.location.href).toMatch(/\/calls\?result=missed$/);
  expect(tokenFromAddress()).toBeNull();
});

it("never stores the token", async () => {
  answering(204);
  expect(await openSession("a-secret")).toBe(true);
  expect(JSON.stringify(Object.entries(localStorage))).not.toContain("a-secret");
});

it("tells a refused token from a server in trouble", async () => {
  answering(401);
  expect(await openSession("wrong")).toBe(false);
  answering(503);
  await expect(openSession("right")).rejects.toThrow("503");
});

it("does not send what cannot stand in a header", async () => {
  const asked = answering(204);
  expect(await openSession("a\nb")).toBe(false);
  expect(await openSession("tökén")).toBe(false);
  expect(asked).not.toHaveBeenCalled();
});
