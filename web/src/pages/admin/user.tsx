/** One account as an administrator sees it, and what can be done to it. Every act is given its reason. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { type OneUser as Known, type User, userQuery } from "../../api/admin";
import { isId } from "../../api/callFilter";
import { act, client } from "../../api/client";
import { actFor, useMe } from "../../api/me";
import { askAhead } from "../../api/queries";
import { problemWords } from "../../forms/problemWords";
import { providerName } from "../../forms/providerWords";
import { roleWords } from "../../forms/roleWords";
import { zoneWords } from "../../forms/TimeZoneField";
import { ReasonForm } from "../../forms/ReasonForm";
import { paths } from "../../paths";
import { Awaiting } from "../../ui/Awaiting";
import { Button, buttonLook } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Fact } from "../../ui/Fact";
import { Panel } from "../../ui/Panel";
import { plural } from "../../ui/figures";
import { phone } from "../../ui/phone";
import { longDay } from "../../ui/time";
import { stateWords } from "../billing/State";
import { Lost } from "../lost";
import { Failure } from "../shell/Failure";
import { PageHead } from "../shell/PageHead";
import { UserState } from "./UserState";

export function ask(queries: QueryClient, id: string) {
  return isId(id) ? askAhead(queries.query(userQuery(id))) : null;
}

export function OneUser() {
  const { id = "" } = useParams();
  return isId(id) ? <Opened id={id} /> : <Lost />;
}

function Opened({ id }: { id: string }) {
  const user = useQuery(userQuery(id));
  return (
    <>
      <Link to={paths.admin("users")} className={buttonLook("text", "min-h-9 self-start")}>
        <span aria-hidden>‹</span> All users
      </Link>
      {user.data ? (
        <Account one={user.data} />
      ) : user.error ? (
        <div className="card">
          <Failure error={user.error} again={() => void user.refetch()} />
        </div>
      ) : (
        <Panel title="Account">
          <Awaiting className="h-40" />
        </Panel>
      )}
    </>
  );
}

function Account({ one }: { one: Known }) {
  const { user, access, clients, members, memberships, subscription } = one;
  return (
    <>
      <PageHead title={user.name}>
        <UserState user={user} />
      </PageHead>
      <Panel title="Account">
        <dl className="figures grid grid-cols-1 gap-3 sm:grid-cols-2">
          <Fact name="E-mail address" is={user.email} />
          <Fact name="Since" is={longDay(user.created_at)} />
          <Fact name="Last seen" is={user.seen_at ? longDay(user.seen_at) : "not signed in now"} />
          <Fact name="Signs in" is={user.state !== "deleted" && accessWords(access)} />
          <Fact name="Reads in" is={`${access.locale}, ${zoneWords(access.time_zone)}`} />
          <Fact name="API keys" is={plural(access.keys, "key")} />
          <Fact name="Subscription" is={subscription ? stateWords(subscription.words) : "none"} />
          <Fact name="Suspended" is={access.suspended_at && longDay(access.suspended_at)} />
          <Fact name="Will be deleted" is={user.deletion_due_at && longDay(user.deletion_due_at)} />
          <Fact name="Id" is={user.id} />
        </dl>
      </Panel>
      <Panel title="Businesses">
        {clients.length === 0 ? (
          <p className="text-quiet">None.</p>
        ) : (
          <ul className="flex flex-col">
            {clients.map(({ id, name, numbers, deleted_at }) => (
              <li key={id} className={ENTRY}>
                <span>
                  <bdi className="font-medium">{name}</bdi>
                  {deleted_at && <span className="text-quiet"> (deleted {longDay(deleted_at)})</span>}
                </span>
                <span className="figures text-quiet">{numbers.map(phone).join(", ") || "no number"}</span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <Panel title="People" hint="who else acts for this account, and for whom its owner acts">
        <ul className="flex flex-col">
          {members.map(({ user_id, name, email, role }) => (
            <li key={user_id} className={ENTRY}>
              <bdi className="font-medium">{name}</bdi>
              <span className="text-quiet">{`${email}, ${roleWords(role).name.toLowerCase()}`}</span>
            </li>
          ))}
          {memberships.map(({ account_id, name, role }) => (
            <li key={account_id} className={ENTRY}>
              <Link to={paths.adminUser(account_id)} className="text-link underline">
                {name}
              </Link>
              <span className="text-quiet">{`is ${roleWords(role).a} there`}</span>
            </li>
          ))}
        </ul>
      </Panel>
      <Acts user={user} />
    </>
  );
}

const ENTRY = "flex flex-wrap justify-between gap-x-4 border-t border-line py-2 first:border-t-0";

function accessWords({ has_password, providers, second_factor, sessions }: Known["access"]) {
  const ways = providers.map(providerName).join(" and ");
  return [
    has_password && "with a password",
    ways && `through ${ways}`,
    second_factor && "with a second step",
    plural(sessions, "browser"),
  ]
    .filter(Boolean)
    .join(", ");
}

type Act = "suspend" | "resume" | "promote" | "demote";

const ACTS: Record<Act, { words: string; consequence: string; danger: boolean }> = {
  suspend: {
    words: "Suspend the account",
    consequence: "They are signed out at once and cannot sign in, and nobody sees the account any more. Its numbers are not answered. What is there is kept.",
    danger: true,
  },
  resume: { words: "Open the account again", consequence: "They can sign in again.", danger: false },
  promote: {
    words: "Make an administrator",
    consequence: "They see every account and can do all that you can.",
    danger: true,
  },
  demote: {
    words: "Make no administrator",
    consequence: "They keep their own account and see no other.",
    danger: true,
  },
};

function Acts({ user }: { user: User }) {
  const me = useMe();
  const [asked, setAsked] = useState<Act | null>(null);
  if (user.id === me.user.id) {
    return (
      <Panel title="What can be done">
        <p className="text-quiet">This is your own account: another administrator looks after it.</p>
      </Panel>
    );
  }
  if (user.state === "deleted") {
    return (
      <Panel title="What can be done">
        <p className="text-quiet">Nothing any more: this account is deleted.</p>
      </Panel>
    );
  }
  const acts: Act[] = [user.state === "suspended" ? "resume" : "suspend", user.role === "admin" ? "demote" : "promote"];
  return (
    <Panel title="What can be done">
      <div className="flex flex-wrap gap-2">
        <Look user={user} />
        {acts.map((one) => (
          <Button key={one} look={ACTS[one].danger ? "danger" : "plain"} onClick={() => setAsked(one)}>
            {ACTS[one].words}
          </Button>
        ))}
      </div>
      {asked && <Reason user={user} what={asked} close={() => setAsked(null)} />}
    </Panel>
  );
}

/** What they see, to read only, and noted in the audit. The way back is in the account menu. */
function Look({ user }: { user: User }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [failure, setFailure] = useState<string | null>(null);
  async function look() {
    setFailure(null);
    try {
      await actFor(queries, user.id);
      await navigate(paths.overview());
    } catch (error) {
      setFailure(problemWords(error));
    }
  }
  return (
    <>
      {failure && (
        <p role="alert" className="w-full text-bad">
          {failure}
        </p>
      )}
      <Button onClick={() => void look()}>Look at their dashboard</Button>
    </>
  );
}

function Reason({ user, what, close }: { user: User; what: Act; close: () => void }) {
  const queries = useQueryClient();
  const { words, consequence, danger } = ACTS[what];
  return (
    <Dialog title={`${words}?`} close={close}>
      <p className="[overflow-wrap:anywhere]">
        <bdi className="font-medium">{user.name}</bdi>: {consequence}
      </p>
      <ReasonForm
        does={words}
        danger={danger}
        cancel={close}
        send={async (reason) => {
          await act(() => decide(what, user.id, reason));
          await queries.invalidateQueries({ queryKey: ["admin"] });
          close();
        }}
      />
    </Dialog>
  );
}

function decide(what: Act, id: string, reason: string) {
  return client.POST(`/api/admin/users/{id}/${what}`, { params: { path: { id } }, body: { reason } });
}
