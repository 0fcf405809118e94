/**
 * What is subscribed to, and every payment made for it. A user pays for all of their businesses
 * together, so a chosen business shows its owner's account. Whoever may see several accounts
 * gets them one by one: money of different people is never added up or mixed.
 */
import { type QueryClient, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { type Business, clientsQuery } from "../api/businesses";
import { readFilter } from "../api/callFilter";
import { type Account, type Whose, accountsQuery, askAhead } from "../api/queries";
import { locale } from "../reader";
import { Awaiting } from "../ui/Awaiting";
import { Notice } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { Accounts, accountName } from "./billing/Accounts";
import { Payments } from "./billing/Payments";
import { State } from "./billing/State";
import { Failure } from "./shell/Failure";
import { Freshness } from "./shell/Freshness";
import { PageHead } from "./shell/PageHead";

export function ask(queries: QueryClient) {
  return askAhead(queries.query(accountsQuery()), queries.query(clientsQuery()));
}

export function Billing() {
  const [search] = useSearchParams();
  const whose = readFilter(search).filter;
  const accounts = useQuery(accountsQuery());
  const clients = useQuery(clientsQuery());
  return (
    <div className="mx-auto flex max-w-page flex-col gap-4 px-4 py-4 rail:px-6 rail:py-5">
      <PageHead title="Billing">
        <Freshness freshness={accounts.data?.freshness} failed={accounts.isError} />
      </PageHead>
      {accounts.data && clients.data ? (
        <Chosen whose={whose} accounts={accounts.data.items} clients={clients.data.items} />
      ) : (
        <Unknown queries={[accounts, clients]} />
      )}
    </div>
  );
}

function Chosen({ whose, accounts, clients }: { whose: Whose; accounts: Account[]; clients: Business[] }) {
  if (whose.unassigned) {
    return (
      <div className="card">
        <Notice title="Nobody pays for these calls">
          <p>Calls that belong to no business belong to no account. Choose a business to see who pays for it.</p>
        </Notice>
      </div>
    );
  }
  const business = clients.find(({ id }) => id === whose.client_id);
  const chosen = business ? accounts.filter(({ user_id }) => user_id === business.user_id) : accounts;
  const [account, ...others] = chosen;
  if (whose.client_id && !business) {
    return (
      <div className="card">
        <Notice title="This business is not there">
          <p>It may belong to another account, or it has been deleted. Choose one from the list of businesses.</p>
        </Notice>
      </div>
    );
  }
  if (others.length > 0) {
    return (
      <>
        <Accounts {...{ accounts, clients }} />
        <Payments userId={null} several />
      </>
    );
  }
  return (
    <>
      <Panel title="Subscription" hint={account && accounts.length > 1 && paidBy(account, clients)}>
        <State subscription={account?.subscription ?? null} />
      </Panel>
      <Payments userId={account?.user_id ?? null} several={false} />
    </>
  );
}

/** Whose account it is, and for which businesses it pays. */
function paidBy(account: Account, clients: Business[]) {
  const names = clients.filter(({ user_id }) => user_id === account.user_id).map(({ name }) => name);
  return `${accountName(account)} pays for ${new Intl.ListFormat(locale()).format(names)}`;
}

function Unknown({ queries }: { queries: UseQueryResult[] }) {
  const failed = queries.find(({ error }) => error);
  return failed ? (
    <div className="card">
      <Failure error={failed.error} again={() => void Promise.all(queries.map((query) => query.refetch()))} />
    </div>
  ) : (
    <Panel title="Subscription">
      <Awaiting className="h-44 sm:h-28" />
    </Panel>
  );
}
