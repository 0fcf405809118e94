/** Looking for what was said: the words, where they were found, and the file of what was found. */
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import type { Call } from "../api/queries";
import { type Asked, CALL, FRESH, ID, type Stage, open, plain, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

const FOUND = {
  ...CALL,
  client: null,
  dialled_number: null,
  end_reason: null,
  outcome: null,
  revenue: null,
  sentiment: null,
  summary: null,
  hits: [
    {
      speaker: "caller",
      turn_id: "t1",
      at: null,
      pieces: [
        { text: "Is there <b>parking</b> on ", hit: false },
        { text: "Tuesday", hit: true },
        { text: "?", hit: false },
      ],
    },
  ],
} satisfies Call;

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
  stage.answers["/api/calls"] = ({ url }: Asked) => ({
    items: url.searchParams.get("q") === "tuesday" ? [FOUND] : [],
    next_cursor: null,
    freshness: FRESH,
  });
});

const box = () => screen.findByLabelText<HTMLInputElement>("Words said on a call");
/** All at once: how long a machine takes for seven keys must not decide what is asked. */
async function enter(words: string) {
  await user.clear(await box());
  await user.paste(words);
}
const asked = () =>
  stage.asked.filter(({ url }) => url.pathname === "/api/calls").map(({ url }) => url.searchParams.get("q"));

it("words are asked for after a pause, and each found call shows where they were said", async () => {
  const router = open("/calls");
  await enter("tuesday");
  const places = await screen.findByRole("list", { name: "Where it was said" });
  expect(plain(places)).toBe("CallerIs there <b>parking</b> on Tuesday?");
  expect([...places.querySelectorAll("mark")].map(({ textContent }) => textContent)).toEqual(["Tuesday"]);
  expect(places.querySelector("b"), "what was said is text and nothing else").toBeNull();
  expect(router.state.location.search).toBe("?q=tuesday");
});

it("Enter asks without waiting for the pause", async () => {
  const router = open("/calls");
  await enter("tuesday");
  // No time passes between the two: only Enter can have asked.
  fireEvent.keyDown(await box(), { key: "Enter" });
  expect(router.state.navigation.location?.search ?? router.state.location.search).toBe("?q=tuesday");
  await screen.findByRole("list", { name: "Where it was said" });
});

it.each(["the button", "Escape"])("%s empties it, and the field keeps the focus", async (way) => {
  const router = open("/calls?q=tuesday&result=answered");
  const field = await box();
  expect(field.value).toBe("tuesday");
  if (way === "Escape") await user.type(field, "{Escape}");
  else await user.click(screen.getByRole("button", { name: "Clear the words" }));
  await waitFor(() => expect(router.state.location.search).toBe("?result=answered"));
  expect(field.value).toBe("");
  expect(document.activeElement).toBe(field);
  expect(screen.queryByRole("button", { name: "Clear the words" })).toBeNull();
});

it("going back brings the words before, and they can be asked for again", async () => {
  const router = open("/calls");
  await enter("tuesday");
  await screen.findByRole("list", { name: "Where it was said" });
  expect(router.state.location.search).toBe("?q=tuesday");
  await router.navigate(-1);
  await waitFor(async () => expect((await box()).value).toBe(""));
  await enter("tuesday");
  await waitFor(() => expect(router.state.location.search).toBe("?q=tuesday"));
});

it("no call with these words is said with the words, and how words are looked for", async () => {
  open(`/calls?q=${encodeURIComponent("zeppelin <i>")}`);
  expect(await screen.findByText("No call matches")).toBeTruthy();
  expect(screen.getByText("zeppelin <i>").tagName).toBe("Q");
  expect(screen.queryByText(/other filters/)).toBeNull();
});

it("with other filters it says that they count too", async () => {
  open("/calls?q=zeppelin&result=missed");
  expect(await screen.findByText(/on the calls that fit the other filters/)).toBeTruthy();
});

it("signs alone are refused in words and asked of nobody", async () => {
  open("/calls");
  await enter("?!&|");
  expect((await screen.findByRole("alert")).textContent).toMatch(/One word of letters or digits at least/);
  await user.keyboard("{Enter}");
  await enter("tuesday");
  await screen.findByRole("list", { name: "Where it was said" });
  expect(asked().filter((q) => q !== null)).toEqual(["tuesday"]);
});

it("the file is of exactly what is listed, older pages included", async () => {
  open("/calls?q=tuesday&from=2026-11-01&result=answered&cursor=abc&bogus=1");
  const link = await screen.findByRole("link", { name: "Download CSV" });
  const { pathname, searchParams } = new URL(link.getAttribute("href") ?? "", "http://here");
  expect(pathname).toBe("/api/calls.csv");
  expect(Object.fromEntries(searchParams)).toEqual({
    q: "tuesday",
    from: new Date(2026, 10, 1).toISOString(),
    result: "answered",
  });
});

it("the call that was found has the words marked in its transcript, and nothing is asked twice", async () => {
  const turn = { tool: null, interrupted: false, e2e_ms: null, offset_ms: 0, at: null };
  stage.answers[`/api/calls/${ID}`] = {
    call: { ...FOUND, latencies: null, usage: [], tags: [], recording: null },
    turns: [
      { ...turn, id: "t1", speaker: "caller", text: "Is there parking on Tuesday?" },
      { ...turn, id: "t2", speaker: "receptionist", text: "On Tuesday, yes." },
    ],
    freshness: FRESH,
  };
  stage.answers[`/api/calls/${ID}/events`] = { items: [], next_cursor: null, freshness: FRESH };
  open(`/calls/${ID}?q=tuesday`);
  const transcript = within(await screen.findByRole("region", { name: "Transcript" }));
  await waitFor(() => expect(transcript.getByText("Tuesday").tagName).toBe("MARK"), { timeout: 5_000 });
  expect(transcript.getByText("On Tuesday, yes.")).toBeTruthy();
  expect(asked()).toHaveLength(1);
});
