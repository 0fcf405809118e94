/** What one account is subscribed to: in words, then the dates and amounts behind them. */
import type { Subscription } from "../../api/queries";
import { Fact } from "../../ui/Fact";
import { money } from "../../ui/figures";
import { Mark } from "../../ui/Mark";
import { Notice } from "../../ui/Notice";
import { longDay } from "../../ui/time";

export function State({ subscription }: { subscription: Subscription | null }) {
  if (!subscription) {
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
  } = subscription;
  return (
    <div className="flex min-h-44 flex-col gap-4 sm:min-h-28">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <p className="text-lg font-semibold [overflow-wrap:anywhere]">{stateWords(words)}</p>
        {past_due && <Mark tone="late">Payment is due</Mark>}
        <Mark tone={entitled ? "good" : "bad"}>{entitled ? "Calls are answered" : "Calls are not answered"}</Mark>
      </div>
      <dl className="figures grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-4">
        <Fact name="Paid through" is={paid_through && longDay(paid_through)} />
        <Fact name="Next payment" is={next_billing_at && longDay(next_billing_at)} />
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

/** The server's words, with their days as every other day is written. */
export function stateWords(words: Subscription["words"]) {
  return words.map(({ text, day }) => text + (day ? longDay(day) : "")).join("");
}
