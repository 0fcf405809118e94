/** Who did what in an account, in words. */
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { ACE, type Asked, CHROME, ID, ME, OTHER_ID, type Stage, open, plain, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
});

it("activity says who did what, from where, and can be taken along", async () => {
  stage.answers["/api/audit"] = {
    items: [
      {
        id: 1,
        at: "2026-11-20T10:00:00Z",
        act: "user.logged_in",
        account: { id: ME.user.id, name: "Ann Able" },
        actor: { id: ME.user.id, kind: "session", name: "Ann Able" },
        subject: null,
        address: "192.0.2.7",
        user_agent: CHROME,
        detail: { method: "password" },
      },
      {
        id: 2,
        at: "2026-11-20T10:00:00Z",
        act: "something.not_known",
        account: null,
        actor: { id: null, kind: "stranger", name: null },
        subject: null,
        address: null,
        user_agent: null,
        detail: {},
      },
    ],
    next_cursor: "abc",
  };
  open("/settings/activity");
  const acts = await screen.findAllByRole("listitem");
  expect(plain(acts[0] ?? null)).toMatch(/Ann Able signed in: with a password.*From 192.0.2.7, Chrome on Linux/);
  expect(plain(acts[1] ?? null)).toMatch(/A stranger something not known/);
  expect(screen.getByRole("link", { name: "Older acts" }).getAttribute("href")).toMatch(/cursor=abc/);
  expect(screen.getByRole("link", { name: "Download CSV" }).getAttribute("href")).toBe("/api/audit.csv");
  await user.selectOptions(screen.getByLabelText("About"), "API keys");
  await waitFor(() =>
    expect(screen.getByRole("link", { name: "Download CSV" }).getAttribute("href")).toBe("/api/audit.csv?act=key"),
  );
  const searches = () => stage.asked.filter(({ url }) => url.pathname === "/api/audit").map(({ url }) => url.search);
  await waitFor(() => expect(searches()).toEqual(["", "?act=key"]));
  const kinds = within(screen.getByLabelText("About"));
  expect(kinds.queryByRole("option", { name: "Dead letters" }), "they are nobody's own").toBeNull();
});

it("activity is in words, with the names of businesses and the reader's times", async () => {
  stage.answers["/api/auth/me"] = { ...ME, user: { ...ME.user, time_zone: "America/New_York" } };
  stage.answers["/api/clients"] = ({ url }: Asked) => ({ items: url.searchParams.has("deleted") ? [] : [ACE] });
  const act = (id: number, act: string, detail: object, subject: string | null = null) => ({
    id,
    at: "2026-11-20T10:00:00Z",
    act,
    account: { id: ME.user.id, name: "Ann Able" },
    actor: { id: ME.user.id, kind: "session", name: "Ann Able" },
    subject,
    address: null,
    user_agent: null,
    detail,
  });
  const acts: [string, object, string | null, RegExp][] = [
    ["user.logged_in", { method: "password", is_new_device: false }, null, /signed in: with a password/],
    ["user.logged_in", { method: "google", is_new_device: true }, null, /: through Google, from a new device/],
    ["identity.unlinked", { provider: "google" }, null, /unlinked a login: Google/],
    ["user.deletion_requested", { due_at: "2026-12-28T03:09:45.659Z" }, null, /: due on Dec 27, 2026, 10:09.PM/],
    ["number.assigned", {}, ID, /assigned a number of Ace/],
    ["member.invited", { role: "reader" }, OTHER_ID, /invited somebody: as a reader/],
    ["something.new", { is_known: true, seen_at: "2026-12-28T03:09:45.659Z" }, null, /: known, seen at Dec 27, 2026/],
  ];
  stage.answers["/api/audit"] = {
    items: acts.map(([name, detail, subject], at) => act(at, name, detail, subject)),
    next_cursor: null,
  };
  open("/settings/activity");
  await screen.findByText("Ace");
  const shown = screen.getAllByRole("listitem").map((item) => plain(item));
  acts.forEach(([, , , words], at) => expect(shown[at]).toMatch(words));
  expect(shown.join()).not.toMatch(/method|is new|false|T03:/);
});
