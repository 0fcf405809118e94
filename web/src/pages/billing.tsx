/** What the account is subscribed to, and every payment made for it: one for all of its businesses. */
import { type QueryClient, useQuery } from "@tanstack/react-query";
import { askAhead, subscriptionQuery } from "../api/queries";
import { Awaiting } from "../ui/Awaiting";
import { Panel } from "../ui/Panel";
import { Payments } from "./billing/Payments";
import { State } from "./billing/State";
import { Failure } from "./shell/Failure";
import { Freshness } from "./shell/Freshness";
import { PageHead } from "./shell/PageHead";

export function ask(queries: QueryClient) {
  return askAhead(queries.query(subscriptionQuery()));
}

export function Billing() {
  const current = useQuery(subscriptionQuery());
  return (
    <div className="mx-auto flex max-w-page flex-col gap-4 px-4 py-4 rail:px-6 rail:py-5">
      <PageHead title="Billing">
        <Freshness freshness={current.data?.freshness} failed={current.isError} />
      </PageHead>
      {current.error && !current.data ? (
        <div className="card">
          <Failure error={current.error} again={() => void current.refetch()} />
        </div>
      ) : (
        <Panel title="Subscription" hint="for all of your businesses">
          {current.data ? (
            <State subscription={current.data.subscription} />
          ) : (
            <Awaiting className="h-44 sm:h-28" />
          )}
        </Panel>
      )}
      <Payments />
    </div>
  );
}
