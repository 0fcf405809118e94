/** Every payment of the account, newest first. */
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { type Invoice, invoicesQuery } from "../../api/queries";
import { AwaitingRows } from "../../ui/Awaiting";
import { classes } from "../../ui/classes";
import { money } from "../../ui/figures";
import { Mark, type Tone } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { type Column, Row, Rows } from "../../ui/Rows";
import { longDay } from "../../ui/time";
import { sentence } from "../calls/words";
import { Failure } from "../shell/Failure";
import { Paging } from "../shell/Paging";

export function Payments() {
  return (
    <Panel title="Payments" flush className="overflow-hidden">
      <Invoices />
    </Panel>
  );
}

const COLUMNS: Column[] = [
  { name: "Date", width: "120px" },
  { name: "PayPal's number", width: "minmax(0, 1.5fr)" },
  { name: "State", width: "minmax(0, 1.4fr)" },
  { name: "Refunded", width: "104px", right: true },
  { name: "Amount", width: "120px", right: true },
];

function Invoices() {
  const [search] = useSearchParams();
  const invoices = useQuery(invoicesQuery(search.get("cursor")));
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
      <Paging next={data.next_cursor} newest="Newest payments" older="Older payments" />
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
