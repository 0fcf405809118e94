/** The questions about businesses: the api calls them clients, whoever owns one calls it a business. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { type AnswerOf, answer, client } from "./client";
import type { paths } from "./schema";

export type Business = AnswerOf<paths["/api/clients/{id}"]["get"]>;
/** As lists have it: without its texts. */
export type ListedBusiness = AnswerOf<paths["/api/clients"]["get"]>["items"][number];
export type Professions = AnswerOf<paths["/api/professions"]["get"]>;
export type Profession = Professions["professions"][number];
export type Change = AnswerOf<paths["/api/clients/{id}/history"]["get"]>["items"][number];
export type Assignment = AnswerOf<paths["/api/clients/{id}/numbers"]["get"]>["items"][number];

export function clientsQuery() {
  return queryOptions({
    queryKey: ["clients"],
    queryFn: ({ signal }) => answer(client.GET("/api/clients", { signal })),
    staleTime: 60_000,
  });
}

/** Those that can still be brought back. */
export function deletedQuery() {
  return queryOptions({
    queryKey: ["clients", "deleted"],
    queryFn: ({ signal }) => answer(client.GET("/api/clients", { params: { query: { deleted: true } }, signal })),
  });
}

export function businessQuery(id: string) {
  return queryOptions({
    queryKey: ["clients", "one", id],
    queryFn: ({ signal }) => answer(client.GET("/api/clients/{id}", { params: { path: { id } }, signal })),
  });
}

/** Newest first. All pages that are open are asked for again together: none begins where the one before ended once. */
export function historyQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: ["clients", "one", id, "history"],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam: cursor, signal }) =>
      answer(
        client.GET("/api/clients/{id}/history", {
          params: { path: { id }, query: { ...(cursor && { cursor }) } },
          signal,
        }),
      ),
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
}

export function assignmentsQuery(id: string) {
  return queryOptions({
    queryKey: ["clients", "one", id, "numbers"],
    queryFn: ({ signal }) => answer(client.GET("/api/clients/{id}/numbers", { params: { path: { id } }, signal })),
  });
}

/** What a business can be, with words for its receptionist to begin with, and the voices there are. */
export function professionsQuery() {
  return queryOptions({
    queryKey: ["professions"],
    queryFn: ({ signal }) => answer(client.GET("/api/professions", { signal })),
    // They change with a release.
    staleTime: Number.POSITIVE_INFINITY,
  });
}
