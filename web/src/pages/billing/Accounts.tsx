/** All accounts at one glance, for whoever may see several: one row each, never added up. */
import { Link } from "react-router";
import type { Business } from "../../api/businesses";
import type { Account } from "../../api/queries";
import { paths } from "../../paths";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { type Column, ROW_LINK, Row, Rows } from "../../ui/Rows";
import { plural } from "../../ui/figures";
import { longDay } from "../../ui/time";
import { stateWords } from "./State";

const COLUMNS: Column[] = [
  { name: "Account", width: "minmax(0, 1fr)" },
  { name: "Businesses", width: "minmax(0, 1.4fr)" },
  { name: "State", width: "minmax(0, 1.8fr)" },
  { name: "Paid through", width: "112px", right: true },
  { name: "Service", width: "132px" },
];

export function Accounts({ accounts, clients }: { accounts: Account[]; clients: Business[] }) {
  return (
    <Panel title="Accounts" hint={plural(accounts.length, "account")} flush className="overflow-hidden">
      <div className="border-t border-line">
        <Rows label="Accounts" columns={COLUMNS}>
          {accounts.map((account) => (
            <AccountRow
              key={account.user_id ?? account.subscription?.id}
              account={account}
              businesses={clients.filter(({ user_id }) => user_id === account.user_id)}
            />
          ))}
        </Rows>
      </div>
    </Panel>
  );
}

/** Leads to the account alone, by one of its businesses: what the switch in the rail then shows. */
function AccountRow({ account, businesses }: { account: Account; businesses: Business[] }) {
  const { subscription } = account;
  const name = <bdi>{accountName(account)}</bdi>;
  const [first] = businesses;
  return (
    <Row columns={COLUMNS}>
      <span role="cell" className="order-1 min-w-0 truncate font-medium @table:order-none">
        {first ? (
          <Link data-row to={paths.billing(`?client_id=${first.id}`)} className={ROW_LINK}>
            {name}
          </Link>
        ) : (
          name
        )}
      </span>
      <span role="cell" className="hidden min-w-0 truncate text-quiet @table:block">
        <bdi>{businesses.map((business) => business.name).join(", ") || "none"}</bdi>
      </span>
      <span role="cell" className="order-3 col-span-2 min-w-0 truncate text-quiet @table:order-none @table:col-span-1">
        <bdi>{subscription ? stateWords(subscription.words) : "No subscription yet"}</bdi>
      </span>
      <span role="cell" className="figures hidden text-right @table:block">
        {subscription?.paid_through ? longDay(subscription.paid_through) : <span className="text-quiet">–</span>}
      </span>
      <span role="cell" className="order-2 flex justify-self-end @table:order-none @table:justify-self-start">
        <Service account={account} />
      </span>
    </Row>
  );
}

function Service({ account: { subscription } }: { account: Account }) {
  if (!subscription) return <Mark tone="quiet">Not in service</Mark>;
  if (subscription.past_due) return <Mark tone="late">Payment is due</Mark>;
  return <Mark tone={subscription.entitled ? "good" : "bad"}>{subscription.entitled ? "In service" : "Ended"}</Mark>;
}

export function accountName({ user_name }: Account) {
  return user_name ?? "Nobody's account";
}
