/** The questions about businesses: the api calls them clients, whoever owns one calls it a business. */
import { queryOptions } from "@tanstack/react-query";
import { type AnswerOf, type Paths, answer, client } from "./client";

export type Business = AnswerOf<Paths["/api/clients"]["get"]>["items"][number];
export type Professions = AnswerOf<Paths["/api/professions"]["get"]>;
export type Profession = Professions["professions"][number];
export type Change = AnswerOf<Paths["/api/clients/{id}/history"]["get"]>["items"][number];
export type Assignment = AnswerOf<Paths["/api/clients/{id}/numbers"]["get"]>["items"][number];

export function clientsQuery() {
  return queryOptions({
    queryKey: ["clients"],
    queryFn: ({ signal }) => answer(client.GET("/api/clients", { signal })),
    staleTime: 60_000,
  });
}

export function businessQuery(id: string) {
  return queryOptions({
    queryKey: ["clients", id],
    queryFn: ({ signal }) => answer(client.GET("/api/clients/{id}", { params: { path: { id } }, signal })),
  });
}

export function historyQuery(id: string, cursor: string | null) {
  return queryOptions({
    queryKey: ["clients", id, "history", cursor],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/clients/{id}/history", {
          params: { path: { id }, query: { ...(cursor && { cursor }) } },
          signal,
        }),
      ),
  });
}

export function assignmentsQuery(id: string) {
  return queryOptions({
    queryKey: ["clients", id, "numbers"],
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
