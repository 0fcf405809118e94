/** What happened in the last day that a person should look after. Nothing to do is said too. */
import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "react-router";
import type { CurrentSubscription, Stats, Whose } from "../../api/queries";
import { paths } from "../../paths";
import { plural } from "../../ui/figures";

interface Props {
  day: UseQueryResult<Stats>;
  subscription: UseQueryResult<CurrentSubscription>;
  whose: Whose;
}

export function NeedsYou({ day, subscription, whose }: Props) {
  const calls = callMatters(day.data, whose);
  const matters = [...calls, ...paymentMatters(subscription.data, whose)];
  return (
    <section aria-label="Needs you" className="card flex min-h-12 flex-wrap items-baseline gap-x-5 gap-y-1 px-5 py-3.5">
      <div className="flex items-baseline gap-x-2 whitespace-nowrap">
        <h2 className="font-semibold">Needs you</h2>
        {/* The calls', so it stands before them: a payment is due whatever the day. */}
        {calls.length > 0 && <span className="text-xs text-quiet">in the last 24 hours</span>}
      </div>
      {matters.map(({ words, to }) => (
        <Link key={words} to={to} className="font-medium text-late underline-offset-3 hover:underline">
          {words} <span aria-hidden>›</span>
        </Link>
      ))}
      {day.data && matters.length === 0 && (
        <span className="text-quiet">Nothing: no call of the last 24 hours was missed, and nobody was upset.</span>
      )}
    </section>
  );
}

function callMatters(day: Stats | undefined, whose: Whose) {
  if (!day) return [];
  const { from } = day.period;
  const { missed, abandoned, failed } = day.totals;
  // The figures say how callers were served, so calls that went out are in none of them.
  const counted = { ...whose, from, direction: "inbound" } as const;
  return [
    { n: missed, words: plural(missed, "missed call"), to: paths.calls({ ...counted, result: "missed" }) },
    {
      n: abandoned,
      words: `${plural(abandoned, "caller")} gave up waiting`,
      to: paths.calls({ ...counted, result: "abandoned" }),
    },
    { n: failed, words: plural(failed, "failed call"), to: paths.calls({ ...counted, result: "failed" }) },
    {
      n: day.sentiment.negative,
      words: plural(day.sentiment.negative, "upset caller"),
      to: paths.calls({ ...counted, sentiment: "negative" }),
    },
  ].filter(({ n }) => n > 0);
}

/** One subscription pays for every business of the account, so it is said whichever is chosen. */
function paymentMatters(current: CurrentSubscription | undefined, { client_id }: Whose) {
  if (!current?.subscription?.past_due) return [];
  return [{ words: "Payment is due", to: paths.billing(client_id ? `?client_id=${client_id}` : "") }];
}
