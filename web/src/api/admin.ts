/** The questions of whoever runs the service. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type AuditFilter, auditQueryOf } from "./auditFilter";
import { type AnswerOf, answer, client } from "./client";
import type { paths } from "./schema";

export type User = AnswerOf<paths["/api/admin/users"]["get"]>["items"][number];
export type OneUser = AnswerOf<paths["/api/admin/users/{id}"]["get"]>;
export type AnyClient = AnswerOf<paths["/api/admin/clients"]["get"]>["items"][number];

export interface Search {
  q: string;
  cursor: string | null;
}

export interface UserSearch extends Search {
  state?: User["state"] | undefined;
  role?: User["role"] | undefined;
}

export function usersQuery(search: UserSearch) {
  const { state, role } = search;
  const query = { ...asked(search), ...(state && { state }), ...(role && { role }) };
  return queryOptions({
    queryKey: ["admin", "users", query],
    queryFn: ({ signal }) => answer(client.GET("/api/admin/users", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function userQuery(id: string) {
  return queryOptions({
    queryKey: ["admin", "user", id],
    queryFn: ({ signal }) => answer(client.GET("/api/admin/users/{id}", { params: { path: { id } }, signal })),
  });
}

export function anyClientsQuery(search: Search) {
  return queryOptions({
    queryKey: ["admin", "clients", search],
    queryFn: ({ signal }) => answer(client.GET("/api/admin/clients", { params: { query: asked(search) }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function adminAuditQuery(filter: AuditFilter, cursor: string | null) {
  const query = { ...auditQueryOf(filter), ...(cursor && { cursor }) };
  return queryOptions({
    queryKey: ["admin", "audit", query],
    queryFn: ({ signal }) => answer(client.GET("/api/admin/audit", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

function asked({ q, cursor }: Search) {
  return { ...(q && { q }), ...(cursor && { cursor }) };
}
