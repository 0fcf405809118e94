import { expect, it } from "vitest";
import { paths, returnTo } from "./paths";

it.each([
  ["/calls?result=missed", "/calls?result=missed"],
  ["/", "/"],
  ["", "/"],
  ["calls", "/"],
  ["//evil.example/calls", "/"],
  ["/\\evil.example", "/"],
  ["/.//evil.example", "/"],
  ["/\t/evil.example", "/"],
  ["https://evil.example/", "/"],
  ["javascript:alert(1)", "/"],
  ["/api/auth/google", "/"],
  ["/calls/../api/users/export", "/"],
])("after signing in, %j leads to %s", (wanted, leads) => {
  expect(returnTo(new URLSearchParams({ return_to: wanted }))).toBe(leads);
});

it("the way in remembers where one wanted to go, unless it is home anyway", () => {
  expect(paths.signIn({ returnTo: "/calls?result=missed" })).toBe("/sign-in?return_to=%2Fcalls%3Fresult%3Dmissed");
  expect(paths.signIn({ returnTo: "/" })).toBe("/sign-in");
});

it("the calls are reached by a filter, or by what an address says, its cursor too", () => {
  expect(paths.calls()).toBe("/calls");
  expect(paths.calls({ result: "missed" })).toBe("/calls?result=missed");
  expect(paths.calls(new URLSearchParams("result=missed&cursor=abc"))).toBe("/calls?result=missed&cursor=abc");
  expect(paths.calls(new URLSearchParams())).toBe("/calls");
});
