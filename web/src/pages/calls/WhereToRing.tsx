/**
 * What an empty list of calls says: which number to ring. With a business chosen it is that one's, never
 * another's; while nothing can ring, no call is promised.
 */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type ListedBusiness, clientsQuery } from "../../api/businesses";
import type { Whose } from "../../api/queries";
import { isDiallable, phone } from "../../ui/phone";

export function WhereToRing({ whose }: { whose: Whose }) {
  const { data, isPending } = useQuery(clientsQuery());
  // Its line stands before its words are known.
  return <p className="figures">{isPending && !whose.unassigned ? "\u00a0" : words(whose, data?.items)}</p>;
}

/** Whether a call can come at all; undefined while that is not known. */
export function canRing(clients: ListedBusiness[] | undefined) {
  return clients?.some(({ numbers }) => numbers.length > 0);
}

function words(whose: Whose, clients: ListedBusiness[] | undefined): ReactNode {
  if (whose.unassigned) return "Calls to a number that no business has appear here.";
  if (!clients) return ANY;
  const meant = whose.client_id ? clients.filter(({ id }) => id === whose.client_id) : clients;
  const [first, ...others] = meant.flatMap(({ name, numbers }) => {
    const number = numbers.find(isDiallable);
    return number ? [{ name, number }] : [];
  });
  if (!first) return <Nothing {...{ whose, meant }} />;
  const number = <strong className="font-semibold whitespace-nowrap text-ink">{phone(first.number)}</strong>;
  if (others.length === 0) return <>Ring {number} and the call appears here at its first ring.</>;
  return (
    <>
      Ring any of your businesses, for one <bdi>{first.name}</bdi> on {number}, and the call appears here at its first
      ring.
    </>
  );
}

const ANY = "The next call appears here at its first ring.";

/** There is no number to ring. */
function Nothing({ whose, meant }: { whose: Whose; meant: ListedBusiness[] }) {
  const [only] = meant;
  if (!only) return whose.client_id ? "The business that was chosen is not there." : "There is no business yet that could be rung.";
  if (!whose.client_id) return "As soon as a business has a number, its calls appear here while they ring.";
  return (
    <>
      <bdi>{only.name}</bdi> has no number yet. Once it has one, its calls appear here while they ring.
    </>
  );
}
