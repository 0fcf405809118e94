/** The call as it was known at an instant of the past. The address says which: `as_of`. */
import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "../../api/client";
import type { CallEvent } from "../../api/queries";

const NAME = "as_of";

export function momentOf(search: URLSearchParams) {
  return search.get(NAME);
}

/** The same address, and the call as of that moment; null is now. */
export function atMoment(search: URLSearchParams, at: string | null) {
  const next = new URLSearchParams(search);
  if (at === null) next.delete(NAME);
  else next.set(NAME, at);
  return next;
}

/** What was known then stays so, and no live change asks for it again. */
export function knownQuery(id: string, at: string) {
  return queryOptions({
    queryKey: ["past", "call", id, at],
    queryFn: ({ signal }) =>
      answer(client.GET("/api/calls/{id}", { params: { path: { id }, query: { as_of: at } }, signal })),
    staleTime: 10 * 60_000,
  });
}

/** The instants at which more became known, in order, from the first event on that told of the call. */
export function momentsOf(items: CallEvent[]) {
  const tellsOfCall = ({ changes }: CallEvent) => changes.some(({ field }) => field === "started_at");
  const told = items.filter(tellsOfCall).map(({ received_at }) => received_at);
  const first = told.toSorted()[0] ?? "";
  const all = items.map(({ received_at }) => received_at).filter((at) => at >= first);
  return [...new Set(all)].toSorted();
}

/** Whether an event had come by then. */
export function hadCome({ received_at }: CallEvent, at: string | null) {
  return at === null || Date.parse(received_at) <= Date.parse(at);
}
