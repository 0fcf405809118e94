/** What an empty list of calls says: which number to ring. With a business chosen it is that one's, never another's. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type ListedBusiness, clientsQuery } from "../../api/businesses";
import type { Whose } from "../../api/queries";
import { isDiallable, phone } from "../../ui/phone";

export function WhereToRing({ whose }: { whose: Whose }) {
  const { data } = useQuery(clientsQuery());
  return <p className="figures">{words(whose, data?.items)}</p>;
}

function words(whose: Whose, clients: ListedBusiness[] | undefined): ReactNode {
  if (whose.unassigned) return "Calls to a number that no business has appear here.";
  if (!clients) return ANY;
  const meant = whose.client_id ? clients.filter(({ id }) => id === whose.client_id) : clients;
  const [first, ...others] = meant.flatMap(({ name, numbers }) => {
    const number = numbers.find(isDiallable);
    return number ? [{ name, number }] : [];
  });
  if (!first) return meant.length > 0 ? <WithoutNumber {...{ whose, meant }} /> : ANY;
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

function WithoutNumber({ whose, meant }: { whose: Whose; meant: ListedBusiness[] }) {
  const [only] = meant;
  if (whose.client_id && only)
    return (
      <>
        <bdi>{only.name}</bdi> has no number yet. Once it has one, its calls appear here while they ring.
      </>
    );
  return "As soon as a business has a number, its calls appear here while they ring.";
}
