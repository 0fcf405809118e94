/** The questions about a person and their account: what the settings pages show. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type AuditFilter, auditQueryOf } from "./auditFilter";
import { type AnswerOf, answer, client } from "./client";
import type { paths } from "./schema";

export type Offer = AnswerOf<paths["/api/auth/offer"]["get"]>;
export type Provider = Offer["providers"][number];
export type ReadyAccount = Offer["ready_accounts"][number];
export type Profile = AnswerOf<paths["/api/users/profile"]["get"]>;
export type Identity = AnswerOf<paths["/api/auth/identities"]["get"]>["items"][number];
export type SignedIn = AnswerOf<paths["/api/auth/sessions"]["get"]>["items"][number];
export type Members = AnswerOf<paths["/api/members"]["get"]>;
export type Member = Members["members"][number];
export type Invitation = Members["invitations"][number];
export type Key = AnswerOf<paths["/api/keys"]["get"]>["items"][number];
export type Export = AnswerOf<paths["/api/users/export"]["get"]>["items"][number];
export type AuditPage = AnswerOf<paths["/api/audit"]["get"]>;

/** What the way in offers: providers, and on a machine of one's own ready accounts and a mailbox. */
export function offerQuery() {
  return queryOptions({
    queryKey: ["offer"],
    queryFn: ({ signal }) => answer(client.GET("/api/auth/offer", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function profileQuery() {
  return queryOptions({
    queryKey: ["profile"],
    queryFn: ({ signal }) => answer(client.GET("/api/users/profile", { signal })),
  });
}

export function identitiesQuery() {
  return queryOptions({
    queryKey: ["identities"],
    queryFn: ({ signal }) => answer(client.GET("/api/auth/identities", { signal })),
  });
}

export function sessionsQuery() {
  return queryOptions({
    queryKey: ["sessions"],
    queryFn: ({ signal }) => answer(client.GET("/api/auth/sessions", { signal })),
  });
}

export function membersQuery() {
  return queryOptions({
    queryKey: ["members"],
    queryFn: ({ signal }) => answer(client.GET("/api/members", { signal })),
  });
}

export function keysQuery() {
  return queryOptions({
    queryKey: ["keys"],
    queryFn: ({ signal }) => answer(client.GET("/api/keys", { signal })),
  });
}

export function exportsQuery() {
  return queryOptions({
    queryKey: ["exports"],
    queryFn: ({ signal }) => answer(client.GET("/api/users/export", { signal })),
    // No change tells that one is ready.
    refetchInterval: ({ state }) => (state.data?.items.some((one) => one.state === "making") ? 2_000 : false),
  });
}

export function auditQuery(filter: AuditFilter, cursor: string | null) {
  const query = { ...auditQueryOf(filter), ...(cursor && { cursor }) };
  return queryOptions({
    queryKey: ["audit", query],
    queryFn: ({ signal }) => answer(client.GET("/api/audit", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}
