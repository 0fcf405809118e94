/** Who else may see or change this account's businesses: its owner invites, changes roles, and takes them back. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { act, client } from "../../api/client";
import { actFor, may, useMe } from "../../api/me";
import { askAhead } from "../../api/queries";
import { type Invitation, type Member, type Members as All, membersQuery } from "../../api/settings";
import { InviteForm } from "../../forms/InviteForm";
import { problemWords } from "../../forms/problemWords";
import { roleWords } from "../../forms/roleWords";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { ConfirmDialog } from "../../ui/Dialog";
import { Choice } from "../../ui/Field";
import { Panel, useHandOver } from "../../ui/Panel";
import { longDay } from "../../ui/time";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "./Loaded";

export function ask(queries: QueryClient) {
  return askAhead(queries.query(membersQuery()));
}

export function Members() {
  const me = useMe();
  const owns = may(me, "own");
  const members = useQuery(membersQuery());
  return (
    <>
      <PageHead title="Members" />
      <Loaded title={`Members of ${me.account.name}`} query={members} tall="h-20">
        {(all) => <List all={all} owns={owns} />}
      </Loaded>
      {members.data && owns && members.data.invitations.length > 0 && (
        <Panel title="Invitations" hint="not accepted yet">
          <ul className="flex flex-col">
            {members.data.invitations.map((invitation) => (
              <li key={invitation.id} className={ENTRY}>
                <OneInvitation invitation={invitation} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {owns && (
        <Panel title="Invite somebody">
          <InviteForm />
        </Panel>
      )}
    </>
  );
}

const ENTRY = "border-t border-line py-2.5 first:border-t-0 first:pt-0 last:pb-0";

function List({ all, owns }: { all: All; owns: boolean }) {
  return (
    <ul className="flex flex-col">
      {all.members.map((member) => (
        <li key={member.user_id} className={ENTRY}>
          <OneMember {...{ member, owns }} />
        </li>
      ))}
    </ul>
  );
}

function OneMember({ member, owns }: { member: Member; owns: boolean }) {
  const { user, account } = useMe();
  const row = useHandOver<HTMLDivElement>();
  const [leaving, setLeaving] = useState(false);
  const isMe = member.user_id === user.id;
  const isOwner = member.role === "owner";
  return (
    <div ref={row} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
      <div className="min-w-0 flex-1">
        <p className="font-medium [overflow-wrap:anywhere]">
          <bdi>{member.name}</bdi>
          {isMe && <span className="font-normal text-quiet"> (you)</span>}
        </p>
        <p className="text-xs text-quiet [overflow-wrap:anywhere]">
          {member.email}
          {!isOwner && member.joined_at && `, since ${longDay(member.joined_at)}`}
        </p>
      </div>
      <div className="flex items-center gap-2">
        {owns && !isOwner ? (
          <RoleChoice member={member} />
        ) : (
          <span className="text-quiet">{roleName(member.role)}</span>
        )}
        {!isOwner && (owns || isMe) && (
          <Button
            onClick={() => setLeaving(true)}
            aria-label={isMe ? `Leave ${account.name}` : `Remove ${member.name}`}
          >
            {isMe ? "Leave" : "Remove"}
          </Button>
        )}
      </div>
      {leaving && <Leave {...{ member, isMe }} close={() => setLeaving(false)} />}
    </div>
  );
}

function RoleChoice({ member }: { member: Member }) {
  const queries = useQueryClient();
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function change(role: "manager" | "reader") {
    setFailure(null);
    setBusy(true);
    try {
      const params = { path: { user_id: member.user_id } };
      await act(() => client.PUT("/api/members/{user_id}", { params, body: { role } }));
      await queries.invalidateQueries({ queryKey: membersQuery().queryKey });
    } catch (error) {
      setFailure(problemWords(error));
    }
    setBusy(false);
  }

  return (
    <div className="w-32">
      <Choice
        label={`Role of ${member.name}`}
        quietLabel
        value={member.role}
        disabled={busy}
        error={failure}
        onChange={(event) => void change(event.target.value === "manager" ? "manager" : "reader")}
      >
        <option value="manager">{roleWords("manager").name}</option>
        <option value="reader">{roleWords("reader").name}</option>
      </Choice>
    </div>
  );
}

function Leave({ member, isMe, close }: { member: Member; isMe: boolean; close: () => void }) {
  const me = useMe();
  const queries = useQueryClient();
  const navigate = useNavigate();
  return (
    <ConfirmDialog
      title={isMe ? `Leave ${me.account.name}?` : `Remove ${member.name}?`}
      does={isMe ? "Leave" : "Remove them"}
      close={close}
      words={problemWords}
      confirm={async () => {
        await act(() => client.DELETE("/api/members/{user_id}", { params: { path: { user_id: member.user_id } } }));
        if (isMe) {
          await navigate(paths.overview());
          await actFor(queries, me.user.id);
        } else {
          await queries.invalidateQueries({ queryKey: membersQuery().queryKey });
          close();
        }
      }}
    >
      <p>
        {isMe
          ? "You no longer see its calls and businesses."
          : `${member.name} no longer sees this account's calls and businesses.`}{" "}
        A new invitation brings {isMe ? "you" : "them"} back.
      </p>
    </ConfirmDialog>
  );
}

function OneInvitation({ invitation }: { invitation: Invitation }) {
  const queries = useQueryClient();
  const row = useHandOver<HTMLDivElement>();
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function takeBack() {
    // A second press would be told that there is no such invitation.
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await act(() => client.DELETE("/api/members/invitations/{id}", { params: { path: { id: invitation.id } } }));
      await queries.invalidateQueries({ queryKey: membersQuery().queryKey });
    } catch (error) {
      setFailure(problemWords(error));
    }
    setBusy(false);
  }

  return (
    <div ref={row} className="flex items-center justify-between gap-4">
      <div className="min-w-0">
        <p className="font-medium [overflow-wrap:anywhere]">{invitation.email}</p>
        <p className="text-xs text-quiet">
          {roleName(invitation.role)}, invited {longDay(invitation.created_at)}, open until{" "}
          {longDay(invitation.expires_at)}
        </p>
        {failure && (
          <p role="alert" className="text-xs text-bad">
            {failure}
          </p>
        )}
      </div>
      <Button onClick={() => void takeBack()} aria-label={`Take back the invitation of ${invitation.email}`}>
        Take back
      </Button>
    </div>
  );
}

function roleName(role: Member["role"]) {
  return roleWords(role).name;
}
