/** What happened in the last day that a person should look after. Nothing to do is said too. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { clientsQuery } from "../../api/businesses";
import type { Account, Stats, Whose } from "../../api/queries";
import { paths } from "../../paths";
import { plural } from "../../ui/figures";

interface Props {
  day: UseQueryResult<Stats>;
  accounts: UseQueryResult<{ items: Account[] }>;
  whose: Whose;
}

export function NeedsYou({ day, accounts, whose }: Props) {
  const clients = useQuery(clientsQuery());
  const owner = clients.data?.items.find(({ id }) => id === whose.client_id)?.user_id;
  const shown = accounts.data?.items.filter(({ user_id }) => !whose.client_id || user_id === owner);
  const calls = callMatters(day.data, whose);
  const matters = [...calls, ...paymentMatters(whose.unassigned ? [] : shown, whose)];
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
  return [
    { n: missed, words: plural(missed, "missed call"), to: paths.calls({ ...whose, from, result: "missed" }) },
    {
      n: abandoned,
      words: `${plural(abandoned, "caller")} gave up waiting`,
      to: paths.calls({ ...whose, from, result: "abandoned" }),
    },
    { n: failed, words: plural(failed, "failed call"), to: paths.calls({ ...whose, from, result: "failed" }) },
    {
      n: day.sentiment.negative,
      words: plural(day.sentiment.negative, "upset caller"),
      to: paths.calls({ ...whose, from, sentiment: "negative" }),
    },
  ].filter(({ n }) => n > 0);
}

/** One's own payment, or how many accounts have one due, where several are looked after. */
function paymentMatters(accounts: Account[] | undefined = [], { client_id }: Whose) {
  const due = accounts.filter(({ subscription }) => subscription?.past_due).length;
  const words = accounts.length > 1 ? `Payment is due for ${plural(due, "account")}` : "Payment is due";
  return due > 0 ? [{ words, to: paths.billing(client_id ? `?client_id=${client_id}` : "") }] : [];
}
