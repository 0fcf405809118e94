/**
 * The way to the first call, for an account that none can reach: what is there, and what is missing. An
 * administrator who has no business of their own came for others', and is led there.
 */
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { type ListedBusiness, clientsQuery } from "../../api/businesses";
import { type Membership, isAdmin, may, useMe } from "../../api/me";
import type { CurrentSubscription } from "../../api/queries";
import { roleWords } from "../../forms/roleWords";
import { useActFor } from "../../forms/useActFor";
import { paths } from "../../paths";
import { Button, buttonLook } from "../../ui/Button";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { canRing } from "../calls/WhereToRing";

export function FirstSteps({ current }: { current: CurrentSubscription | undefined }) {
  const me = useMe();
  const clients = useQuery(clientsQuery()).data?.items;
  // What is known already needs no step; what is not known yet would be told wrong.
  if (!clients || !current || canRing(clients)) return null;
  if (isAdmin(me) && clients.length === 0) return <ForAdministrator />;
  const others = me.account.id === me.user.id ? me.accounts.filter(({ id }) => id !== me.user.id) : [];
  if (others.length > 0 && clients.length === 0) return <ForInvited accounts={others} />;
  const steps = stepsOf(clients, current);
  const next = steps.find(({ isDone }) => !isDone);
  return (
    <Panel title="Before the first call" hint="what a receptionist needs to be rung">
      <ol className="flex flex-col">
        {steps.map(({ words, isDone, does, to }) => (
          <li
            key={words}
            className="flex min-h-11 flex-wrap items-center justify-between gap-x-4 gap-y-1 border-t border-line py-1.5 first:border-t-0"
          >
            <span className="flex min-w-0 flex-wrap items-center gap-x-2.5 gap-y-1">
              {words}
              <Mark tone={isDone ? "good" : "late"}>{isDone ? "done" : "missing"}</Mark>
            </span>
            {!isDone && may(me, "edit") && (
              <Link to={to} className={buttonLook(does === next?.does ? "strong" : "text")}>
                {does}
              </Link>
            )}
          </li>
        ))}
      </ol>
      {!may(me, "edit") && <p className="mt-2 text-quiet">Whoever may change this account does what is missing.</p>}
    </Panel>
  );
}

/** In the order in which they can be done: a number is given only with a subscription. */
function stepsOf(clients: ListedBusiness[], { subscription }: CurrentSubscription) {
  const [first] = clients;
  return [
    { words: "A business", isDone: first !== undefined, does: "Make a business", to: paths.newBusiness() },
    {
      words: "A subscription",
      isDone: subscription?.entitled === true,
      does: "See the subscription",
      to: paths.billing(),
    },
    {
      words: "A phone number",
      isDone: false,
      does: "Give it a number",
      to: first && clients.length === 1 ? paths.business(first.id) : paths.businesses(),
    },
  ];
}

/** Whoever was invited may have come for nothing else. */
function ForInvited({ accounts }: { accounts: Membership[] }) {
  const { actFor, failure } = useActFor();
  return (
    <Panel title="No business of your own">
      <ul className="flex flex-col">
        {accounts.map(({ id, name, role }) => (
          <li
            key={id}
            className="flex min-h-11 flex-wrap items-center justify-between gap-x-4 gap-y-1 border-t border-line py-1.5 first:border-t-0"
          >
            <span className="min-w-0">
              You are {roleWords(role).a} of <bdi className="font-medium">{name}</bdi>
            </span>
            <Button look="strong" onClick={() => void actFor(id)}>
              See that account
            </Button>
          </li>
        ))}
      </ul>
      {failure && (
        <p role="alert" className="mt-2 text-bad">
          {failure}
        </p>
      )}
      <Link to={paths.newBusiness()} className={buttonLook("text", "mt-2")}>
        Make a business of your own
      </Link>
    </Panel>
  );
}

function ForAdministrator() {
  return (
    <Panel title="No business of your own">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <p className="text-quiet">The accounts and businesses of others are in the administration.</p>
        <Link to={paths.admin("users")} className={buttonLook("strong")}>
          See all accounts
        </Link>
      </div>
    </Panel>
  );
}
