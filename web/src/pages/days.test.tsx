/** Days of a filter: typed key by key, the wrong way round, and wrong in the address. */
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { type Stage, open, problem, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
  stage.answers["/api/audit"] = { items: [], next_cursor: null };
});

const day = (label: string) => screen.getByLabelText<HTMLInputElement>(label);
const type = (label: string, value: string) => fireEvent.change(day(label), { target: { value } });
const asked = (path: string) => stage.asked.filter(({ url }) => url.pathname === path).map(({ url }) => url.search);
const pause = () => new Promise((resolve) => setTimeout(resolve, 400));

async function openFilters(address: string) {
  const router = open(address);
  await user.click(await screen.findByRole("button", { name: "Filters" }));
  return router;
}

it("a year is asked for when it is whole, and what is typed of it stays in the field", async () => {
  const router = await openFilters("/calls");
  // What a browser tells at each digit; a slow hand rests after each of them.
  for (const value of ["0002-11-20", "0020-11-20", "0202-11-20"]) {
    type("From", value);
    await pause();
    expect(day("From").value).toBe(value);
    expect(screen.queryByRole("alert"), "nobody is scolded while typing").toBeNull();
  }
  expect(router.state.location.search).toBe("");
  type("From", "2026-11-20");
  await waitFor(() => expect(router.state.location.search).toBe("?from=2026-11-20"));
  expect(day("From").value).toBe("2026-11-20");
  expect(asked("/api/calls").filter((search) => search.includes("from="))).toHaveLength(1);
});

it.each(["Enter", "leaving the field"])("%s asks at once", async (way) => {
  const router = await openFilters("/calls");
  type("From", "2026-11-20");
  if (way === "Enter") fireEvent.keyDown(day("From"), { key: "Enter" });
  else fireEvent.blur(day("From"));
  expect(router.state.navigation.location?.search ?? router.state.location.search).toBe("?from=2026-11-20");
});

it("a year that was left half typed is said to be so, and stays to be finished", async () => {
  const router = open("/settings/activity");
  await screen.findByText("Nothing yet");
  type("From", "0026-11-20");
  fireEvent.blur(day("From"));
  expect((await screen.findByRole("alert")).textContent).toMatch(/the year with four digits/);
  expect(day("From").value).toBe("0026-11-20");
  await pause();
  expect(router.state.location.search).toBe("");
  type("From", "2026-11-20");
  await waitFor(() => expect(router.state.location.search).toBe("?from=2026-11-20"));
  expect(screen.queryByRole("alert")).toBeNull();
});

it("a day that is taken away takes its filter away", async () => {
  const router = open("/settings/activity?from=2026-11-20&act=key");
  await screen.findByText("Nothing matches");
  type("From", "");
  await waitFor(() => expect(router.state.location.search).toBe("?act=key"));
});

it("days the wrong way round are told at the field, and asked for once they fit", async () => {
  const router = await openFilters("/calls?from=2026-11-01&to=2026-11-05");
  type("From", "2026-12-01");
  expect(screen.getByRole("alert").textContent).toBe("This is after the last day.");
  await pause();
  expect(router.state.location.search).toBe("?from=2026-11-01&to=2026-11-05");
  type("Up to and including", "2026-12-05");
  await waitFor(() => expect(router.state.location.search).toBe("?from=2026-12-01&to=2026-12-05"));
  expect(screen.queryByRole("alert")).toBeNull();
});

it("an address with the days the wrong way round is told so", async () => {
  open("/calls?from=2026-11-05&to=2026-11-01");
  expect(await screen.findByText(/The first day is after the last one/)).toBeTruthy();
});

it.each([
  ["/calls?from=0026-11-20&result=missed", "/api/calls", "?result=missed"],
  ["/settings/activity?from=0026-11-20&act=key", "/api/audit", "?act=key"],
])("a wrong day in %s is said once, in words, and can be cleared", async (address, path, rest) => {
  const router = open(address);
  expect(await screen.findAllByText("Left out, for there is no such day: 0026-11-20")).toHaveLength(1);
  expect(asked(path).some((search) => search.includes("from="))).toBe(false);
  await user.click(screen.getByRole("button", { name: "Clear it" }));
  await waitFor(() => expect(router.state.location.search).toBe(rest));
  // The address changes a moment before the page.
  await waitFor(() => expect(screen.queryByText(/Left out/)).toBeNull());
});

it("what the api says of an address is not shown to whoever writes no programs", async () => {
  const errors = [{ field: "from", message: "must be a time like 2026-11-23T09:30:00Z" }];
  stage.answers["/api/calls"] = problem(400, "invalid", { errors });
  open("/calls");
  const alert = within(await screen.findByRole("alert"));
  expect(alert.getByText(/Take the filters away/)).toBeTruthy();
  expect(alert.queryByText(/must be a time/)).toBeNull();
  expect(alert.getByRole("link", { name: "Show all calls" })).toBeTruthy();
});
