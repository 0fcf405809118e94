/** Members of an account and invitations to it. */
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { ME, OTHER_ID, type Stage, asMember, dialog, nothing, open, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
});

const MEMBERS = {
  members: [
    { user_id: ME.user.id, name: "Ann Able", email: "ann@example.com", role: "owner", joined_at: null },
    { user_id: OTHER_ID, name: "Cy", email: "cy@example.com", role: "reader", joined_at: "2026-11-01T10:00:00Z" },
  ],
  invitations: [
    {
      id: "i",
      email: "dee@example.com",
      role: "manager",
      created_at: "2026-11-20T10:00:00Z",
      expires_at: "2026-11-27T10:00:00Z",
    },
  ],
};

it("an owner invites, changes roles, takes back and removes", async () => {
  stage.answers["/api/members"] = MEMBERS;
  stage.answers["POST /api/members/invitations"] = () => Response.json({}, { status: 201 });
  stage.answers[`PUT /api/members/${OTHER_ID}`] = {};
  stage.answers["DELETE /api/members/invitations/i"] = nothing;
  stage.answers[`DELETE /api/members/${OTHER_ID}`] = nothing;
  open("/settings/members");
  await user.selectOptions(await screen.findByLabelText("Role of Cy"), "manager");
  expect(stage.sent(`PUT /api/members/${OTHER_ID}`)).toEqual([{ role: "manager" }]);
  await user.type(screen.getByLabelText("E-mail address"), "eve@example.com");
  await user.click(screen.getByRole("radio", { name: "Manager" }));
  await user.click(screen.getByRole("button", { name: "Send the invitation" }));
  expect(await screen.findByText("We have written to eve@example.com")).toBeTruthy();
  expect(stage.sent("POST /api/members/invitations")).toEqual([{ email: "eve@example.com", role: "manager" }]);
  await user.click(screen.getByRole("button", { name: "Take back the invitation of dee@example.com" }));
  await waitFor(() => expect(stage.sent("DELETE /api/members/invitations/i")).toHaveLength(1));
  await user.click(screen.getByRole("button", { name: "Remove Cy" }));
  await user.click((await dialog("Remove Cy?")).getByRole("button", { name: "Remove them" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(stage.sent(`DELETE /api/members/${OTHER_ID}`)).toHaveLength(1);
});

it("an invitation is taken back once, however often that is pressed", async () => {
  let members: object = MEMBERS;
  let answer: (response: Response) => void = () => undefined;
  stage.answers["/api/members"] = () => members;
  stage.answers["DELETE /api/members/invitations/i"] = () => new Promise<Response>((resolve) => (answer = resolve));
  open("/settings/members");
  await user.dblClick(await screen.findByRole("button", { name: "Take back the invitation of dee@example.com" }));
  members = { ...MEMBERS, invitations: [] };
  answer(nothing());
  await waitFor(() => expect(screen.queryByText("dee@example.com")).toBeNull());
  expect(stage.sent("DELETE /api/members/invitations/i")).toHaveLength(1);
});

it("a member sees who else is there, changes nobody, and may leave", async () => {
  asMember(stage, "manager");
  stage.answers["/api/members"] = {
    ...MEMBERS,
    members: [...MEMBERS.members.slice(1), { ...MEMBERS.members[0], role: "manager" }],
  };
  stage.answers[`DELETE /api/members/${ME.user.id}`] = nothing;
  stage.answers["POST /api/auth/account"] = ME;
  const router = open("/settings/members");
  await screen.findByText("Cy");
  expect(screen.queryByLabelText("Role of Cy")).toBeNull();
  expect(screen.queryByRole("button", { name: "Remove Cy" })).toBeNull();
  expect(screen.queryByText("Invite somebody")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Leave Bob's Dental" }));
  await user.click((await dialog("Leave Bob's Dental?")).getByRole("button", { name: "Leave" }));
  await waitFor(() => expect(stage.sent(`DELETE /api/members/${ME.user.id}`)).toHaveLength(1));
  await waitFor(() => expect(router.state.location.pathname).toBe("/"), { timeout: 5_000 });
  expect(stage.sent("POST /api/auth/account")).toEqual([{ account_id: ME.user.id }]);
});
