/** The history of a business: who changed what, and the way back. */
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { ACE, type Asked, ID, ME, type Stage, keeping, open, part, plain, problem, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
});

const ONE = `/api/clients/${ID}`;

const CHANGE = {
  id: 7,
  at: "2026-11-20T10:00:00Z",
  by: { id: ME.user.id, name: "Ann Able" },
  kind: "edited",
  changes: { greeting: { from: "Old words.", to: "Ace Plumbing, good day." } } as object,
};

function showing(...items: (typeof CHANGE)[]) {
  stage.answers[`${ONE}/history`] = { items, next_cursor: null };
}

it("the history says who changed what, and brings an earlier version back", async () => {
  const api = keeping(stage);
  const created = { ...CHANGE, id: 3, kind: "created", by: null, changes: {} };
  stage.answers[`${ONE}/history`] = { items: [CHANGE, created], next_cursor: null };
  stage.answers[`POST ${ONE}/restore`] = () => api.change({ greeting: "Old words." });
  open(`/clients/${ID}`);
  const history = await part("History");
  expect(plain((await history.findByText("Ann Able")).parentElement)).toBe("Ann Able changed the greeting");
  expect(plain(history.getByText("Frontdesk").parentElement)).toBe("Frontdesk made this business");
  expect(history.getByText("Old words.")).toBeTruthy();
  const [restore, ...others] = history.getAllByRole("button", { name: /^Restore/ });
  expect(others, "the newest version is what there is").toEqual([]);
  if (restore) await user.click(restore);
  await user.click(await screen.findByRole("button", { name: "Restore it" }));
  const says = await part("What it says");
  await waitFor(() => expect(says.getByLabelText<HTMLTextAreaElement>("Greeting").value).toBe("Old words."));
  expect(stage.sent(`POST ${ONE}/restore`)).toEqual([{ change_id: 3, version: 1 }]);
});

it("deletion and return are said in words, and their mark is not listed as a change", async () => {
  keeping(stage);
  showing(
    { ...CHANGE, id: 9, kind: "restored", changes: { deleted: { from: true, to: false } } },
    {
      ...CHANGE,
      id: 8,
      kind: "deleted",
      changes: { deleted: { from: false, to: true }, numbers: { from: ["+12025550111"], to: [] } },
    },
    { ...CHANGE, changes: { name: { from: "A", to: "Ace" }, hours: { from: {}, to: {} } } },
  );
  open(`/clients/${ID}`);
  const history = await part("History");
  expect(await history.findByText("brought it back")).toBeTruthy();
  expect(history.getByText("deleted it")).toBeTruthy();
  expect(history.getByText("changed the name and hours")).toBeTruthy();
  expect(history.queryByText(/true|false/)).toBeNull();
  expect(history.getAllByText("What it was")).toHaveLength(2);
});

it("sentences are English for whoever writes days another way", async () => {
  stage.answers["/api/auth/me"] = { ...ME, user: { ...ME.user, locale: "de-DE" } };
  keeping(stage);
  showing({ ...CHANGE, changes: { name: { from: "A", to: "Ace" }, hours: { from: {}, to: {} } } });
  open(`/clients/${ID}`);
  const history = await part("History");
  expect(await history.findByText("changed the name and hours")).toBeTruthy();
  expect(history.getAllByText(/Monday closed/)).toHaveLength(2);
});

it("what was changed meanwhile is read before it can be restored over", async () => {
  const api = keeping(stage);
  showing(CHANGE, { ...CHANGE, id: 3 });
  stage.answers[`POST ${ONE}/restore`] = ({ body }: Asked) =>
    (body as { version: number }).version === api.now().version
      ? api.change({ greeting: "Old words." })
      : problem(409, "changed-meanwhile")();
  open(`/clients/${ID}`);
  const history = await part("History");
  await user.click(await history.findByRole("button", { name: /^Restore/ }));
  api.change({ greeting: "Theirs." });
  showing({ ...CHANGE, id: 8, changes: { transfer_number: { from: null, to: "+12025550123" } } }, CHANGE);
  await user.click(screen.getByRole("button", { name: "Restore it" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/Somebody changed this business meanwhile/);
  expect(await history.findByText("changed the transfer number")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Restore it" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(stage.sent(`POST ${ONE}/restore`)).toEqual([
    { change_id: 3, version: 1 },
    { change_id: 3, version: 2 },
  ]);
});

it("no change is lost between two pages when another one comes", async () => {
  keeping(stage);
  const ids = [4, 3, 2, 1];
  stage.answers[`${ONE}/history`] = ({ url }: Asked) => {
    const below = Number(url.searchParams.get("cursor") ?? "99");
    const older = ids.filter((id) => id < below);
    const changed = (id: number) => ({ [`part_${id}`]: { from: "a", to: "b" } });
    const items = older.slice(0, 2).map((id) => ({ ...CHANGE, id, changes: changed(id) }));
    return { items, next_cursor: older.length > 2 ? String(items.at(-1)?.id) : null };
  };
  open(`/clients/${ID}`);
  const history = await part("History");
  await user.click(await history.findByRole("button", { name: "Older changes" }));
  expect(await history.findByText("changed the part 1")).toBeTruthy();
  ids.unshift(5);
  const says = await part("What it says");
  await user.type(says.getByLabelText("Greeting"), " Hi.");
  await user.click(says.getByRole("button", { name: "Save what it says" }));
  expect(await history.findByText("changed the part 5")).toBeTruthy();
  for (const id of [4, 3, 2]) expect(history.getByText(`changed the part ${id}`)).toBeTruthy();
});

it.each([
  [1, /Nothing was changed since it was made on .*1/],
  [3, /No change is recorded yet/],
])("a history without an entry says which, at version %d", async (version, words) => {
  keeping(stage, { ...ACE, version });
  open(`/clients/${ID}`);
  expect(await (await part("History")).findByText(words)).toBeTruthy();
});
