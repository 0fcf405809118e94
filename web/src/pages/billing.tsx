/** The subscription in words, and every payment made for it. */
import { type QueryClient, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { type Invoice, type Subscription, askAhead, invoicesQuery, subscriptionQuery } from "../api/queries";
import { Awaiting, AwaitingRows } from "../ui/Awaiting";
import { buttonLook } from "../ui/Button";
import { classes } from "../ui/classes";
import { money } from "../ui/figures";
import { Mark, type Tone } from "../ui/Mark";
import { Notice } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { type Column, Row, Rows } from "../ui/Rows";
import { longDay } from "../ui/time";
import { Failure } from "./shell/Failure";
import { Freshness } from "./shell/Freshness";
import { PageHead } from "./shell/PageHead";
import { sentence } from "./calls/words";

export function ask(queries: QueryClient) {
  return askAhead(queries.query(subscriptionQuery()), queries.query(invoicesQuery(null)));
}

export function Billing() {
  const [search] = useSearchParams();
  const subscription = useQuery(subscriptionQuery());
  const invoices = useInvoices(search.get("cursor"));
  return (
    <div className="mx-auto flex max-w-page flex-col gap-4 px-4 py-4 rail:px-6 rail:py-5">
      <PageHead title="Billing">
        <Freshness freshness={subscription.data?.freshness} failed={subscription.isError} />
      </PageHead>
      <Panel title="Subscription">
        <State subscription={subscription} />
      </Panel>
      <Panel title="Payments" hint="of every account this token may see" flush className="overflow-hidden">
        <Invoices invoices={invoices} />
      </Panel>
    </div>
  );
}

function State({ subscription }: { subscription: UseQueryResult<{ subscription?: Subscription | null }> }) {
  const { data, error } = subscription;
  if (!data)
    return error ? (
      <Failure error={error} again={() => void subscription.refetch()} />
    ) : (
      <Awaiting className="h-44 sm:h-28" />
    );
  if (!data.subscription) {
    return (
      <Notice title="No subscription yet">
        <p>Everything can be looked at without one. A phone number is put into service with the first payment.</p>
      </Notice>
    );
  }
  const {
    words,
    entitled,
    past_due,
    paid_through,
    next_billing_at,
    started_at,
    last_payment,
    outstanding,
    plan_id,
    id,
  } = data.subscription;
  return (
    <div className="flex min-h-44 flex-col gap-4 sm:min-h-28">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <p className="text-lg font-semibold [overflow-wrap:anywhere]">{words}</p>
        {past_due && <Mark tone="late">Payment is due</Mark>}
        <Mark tone={entitled ? "good" : "bad"}>{entitled ? "Calls are answered" : "Calls are not answered"}</Mark>
      </div>
      <dl className="figures grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-4">
        <Fact name="Paid through" is={paid_through && longDay(paid_through)} />
        <Fact name="Next payment" is={isAhead(next_billing_at, last_payment) && longDay(next_billing_at)} />
        <Fact name="Last payment" is={last_payment && `${money(last_payment.amount)}, ${longDay(last_payment.at)}`} />
        <Fact name="Outstanding" is={outstanding && outstanding.amount_minor > 0 && money(outstanding)} />
        <Fact name="Since" is={started_at && longDay(started_at)} />
      </dl>
      <p className="text-xs text-quiet [overflow-wrap:anywhere]">
        PayPal knows it as {id}
        {plan_id && `, plan ${plan_id}`}
      </p>
    </div>
  );
}

/** A date that a later payment has overtaken is no longer the next one; PayPal tells the new one rarely. */
function isAhead(next: string | null, last: Subscription["last_payment"]): next is string {
  return next !== null && (last === null || Date.parse(next) > Date.parse(last.at));
}

function Fact({ name, is }: { name: string; is: string | false | null | undefined }) {
  if (!is) return null;
  return (
    <div className="min-w-0">
      <dt className="text-xs text-quiet">{name}</dt>
      <dd className="[overflow-wrap:anywhere]">{is}</dd>
    </div>
  );
}

const COLUMNS: Column[] = [
  { name: "Date", width: "120px" },
  { name: "PayPal's number", width: "minmax(0, 1.5fr)" },
  { name: "State", width: "minmax(0, 1.4fr)" },
  { name: "Refunded", width: "104px", right: true },
  { name: "Amount", width: "120px", right: true },
];

function Invoices({ invoices }: { invoices: ReturnType<typeof useInvoices> }) {
  const [search] = useSearchParams();
  const { data, error, isPlaceholderData } = invoices;
  if (!data)
    return error ? (
      <Failure error={error} again={() => void invoices.refetch()} />
    ) : (
      <AwaitingRows rows={4} className="h-15 rail:h-10" />
    );
  if (data.items.length === 0)
    return (
      <p className="px-5 pb-5 text-quiet">No payment yet. The first one appears here as soon as PayPal reports it.</p>
    );
  return (
    <div className={classes("border-t border-line transition-opacity", isPlaceholderData && "opacity-60")}>
      <Rows label="Payments, newest first" columns={COLUMNS}>
        {data.items.map((invoice) => (
          <InvoiceRow key={invoice.id} invoice={invoice} />
        ))}
      </Rows>
      {(data.next_cursor ?? search.has("cursor")) && (
        <nav aria-label="More payments" className="flex justify-between border-t border-line px-5 py-1.5">
          {search.has("cursor") ? (
            <Link to={searchWith(search, null)} className={buttonLook("text", "min-h-9")}>
              Newest payments
            </Link>
          ) : (
            <span />
          )}
          {data.next_cursor && (
            <Link to={searchWith(search, data.next_cursor)} className={buttonLook("text", "min-h-9")}>
              Older payments
            </Link>
          )}
        </nav>
      )}
    </div>
  );
}

const STATES: Partial<Record<string, { words: string; tone: Tone }>> = {
  pending: { words: "On its way", tone: "plain" },
  paid: { words: "Paid", tone: "good" },
  partially_refunded: { words: "Partly refunded", tone: "plain" },
  refunded: { words: "Refunded", tone: "plain" },
  reversed: { words: "Taken back by the bank", tone: "bad" },
  failed: { words: "Failed", tone: "bad" },
};

function InvoiceRow({ invoice }: { invoice: Invoice }) {
  const state = STATES[invoice.status] ?? { words: sentence(invoice.status), tone: "plain" as const };
  const refunded = invoice.refunded.amount_minor > 0 ? money(invoice.refunded) : null;
  return (
    <Row columns={COLUMNS}>
      <span role="cell" className="figures order-1 @table:order-none">
        {longDay(invoice.issued_at)}
      </span>
      <span role="cell" className="order-3 min-w-0 truncate text-quiet @table:order-none">
        {invoice.id}
      </span>
      <span
        role="cell"
        className="order-4 flex min-w-0 items-center justify-end gap-1.5 @table:justify-start @table:order-none"
      >
        <Mark tone={state.tone}>{state.words}</Mark>
        {invoice.disputed && <Mark tone="late">Disputed</Mark>}
      </span>
      <span role="cell" className="figures hidden text-right text-quiet @table:block">
        {refunded ?? "–"}
      </span>
      <span role="cell" className="figures order-2 text-right font-medium @table:order-none">
        {money(invoice.amount)}
      </span>
    </Row>
  );
}

function useInvoices(cursor: string | null) {
  return useQuery(invoicesQuery(cursor));
}

function searchWith(search: URLSearchParams, cursor: string | null) {
  const next = new URLSearchParams(search);
  if (cursor) next.set("cursor", cursor);
  else next.delete("cursor");
  return `?${next.toString()}`;
}
