/**
 * The accounts' part of the contract, by hand until the api's own document has it.
 * What is in `schema.ts` is taken out here.
 */
import type { components } from "./schema";

interface Json<T> {
  headers: Record<string, unknown>;
  content: { "application/json": T };
}

type Op<T, In = unknown, Path = unknown, Query = unknown> = {
  parameters: {
    query?: unknown extends Query ? never : Query;
    header?: never;
    cookie?: never;
  } & (unknown extends Path ? { path?: never } : { path: Path });
  responses: { 200: Json<T> };
} & (unknown extends In ? { requestBody?: never } : { requestBody: { content: { "application/json": In } } });

interface Id {
  id: string;
}
type Nothing = undefined;

type Me = components["schemas"]["Me"];

export interface Profile {
  name: string;
  time_zone: string;
  locale: string;
  notifications: { new_call: boolean; missed_call: boolean; daily_summary: boolean; payment_trouble: boolean };
}

export interface Export {
  id: string;
  requested_at: string;
  state: string;
  expires_at: string | null;
  failure: string | null;
  files: { name: string; bytes: number; href: string }[];
}

type Span = { from: string; to: string };
type Day = "monday" | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday" | "sunday";

export interface Client {
  id: string;
  user_id: string;
  name: string;
  profession: string;
  time_zone: string;
  voice: string;
  greeting: string;
  instructions: string;
  hours: Partial<Record<Day, Span[]>>;
  transfer_number: string | null;
  voice_sample: { name: string; type: string; bytes: number; uploaded_at: string } | null;
  numbers: string[];
  version: number;
  created_at: string;
  updated_at: string;
}

interface ClientFields {
  name: string;
  profession: string;
  time_zone: string;
  voice: string;
  greeting: string;
  instructions: string;
  hours: Partial<Record<Day, Span[]>>;
  transfer_number: string | null;
}

type AuditEntry = components["schemas"]["AuditEntry"];

export interface AdminUser {
  id: string;
  name: string;
  email: string;
  role: string;
  created_at: string;
  suspended_at: string | null;
  deletion_due_at: string | null;
  clients: number;
}

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface PendingPaths {
  "/api/users/profile": { get: Op<Profile>; put: Op<Profile, Profile> };
  "/api/users/email": { post: Op<object, { email: string }> };
  "/api/users/email/confirm": { post: Op<Nothing, { token: string }> };
  "/api/users/export": { get: Op<{ items: Export[] }>; post: Op<Export> };
  "/api/users/account": { delete: Op<{ deletion_due_at: string }, { email: string }> };
  "/api/users/account/keep": { post: Op<Nothing> };
  "/api/members": {
    get: Op<{
      members: {
        user_id: string;
        name: string;
        email: string;
        role: string;
        joined_at: string | null;
      }[];
      invitations: {
        id: string;
        email: string;
        role: string;
        created_at: string;
        expires_at: string;
      }[];
    }>;
  };
  "/api/members/invitations": { post: Op<object, { email: string; role: string }> };
  "/api/members/invitations/{id}": { delete: Op<Nothing, unknown, Id> };
  "/api/members/{user_id}": {
    put: Op<object, { role: string }, { user_id: string }>;
    delete: Op<Nothing, unknown, { user_id: string }>;
  };
  "/api/invitations/show": {
    post: Op<{ account_name: string; email: string; role: string; expires_at: string }, { token: string }>;
  };
  "/api/invitations/accept": { post: Op<Me, { token: string }> };
  "/api/professions": {
    get: Op<{
      professions: { id: string; name: string; greeting: string; instructions: string }[];
      voices: { id: string; name: string; description: string }[];
    }>;
  };
  "/api/clients": { get: Op<{ items: Client[] }>; post: Op<Client, ClientFields> };
  "/api/clients/{id}": {
    get: Op<Client, unknown, Id>;
    put: Op<Client, ClientFields & { version: number }, Id>;
    delete: Op<Nothing, unknown, Id>;
  };
  "/api/clients/{id}/numbers": {
    get: Op<{ items: { number: string; assigned_at: string; released_at: string | null }[] }, unknown, Id>;
    post: Op<Client, { number: string }, Id>;
  };
  "/api/clients/{id}/numbers/{number}": { delete: Op<Client, unknown, { id: string; number: string }> };
  "/api/clients/{id}/voice-sample": { delete: Op<Client, unknown, Id> };
  "/api/clients/{id}/history": {
    get: Op<
      Page<{
        id: number;
        at: string;
        by: { id: string; name: string } | null;
        kind: string;
        changes: Record<string, { from: unknown; to: unknown }>;
      }>,
      unknown,
      Id,
      { cursor?: string }
    >;
  };
  "/api/clients/{id}/restore": { post: Op<Client, { change_id: number }, Id> };
  "/api/subscriptions/plans": {
    get: Op<{
      items: {
        id: string;
        name: string;
        price: { amount_minor: number; currency: string };
        number_limit: number | null;
      }[];
    }>;
  };
  "/api/admin/audit": { get: Op<Page<AuditEntry>, unknown, unknown, { cursor?: string }> };
  "/api/admin/users": { get: Op<Page<AdminUser>, unknown, unknown, { q?: string; cursor?: string }> };
  "/api/admin/users/{id}": {
    get: Op<Omit<AdminUser, "clients"> & { clients: { id: string; name: string; numbers: string[] }[] }, unknown, Id>;
  };
  "/api/admin/users/{id}/suspend": { post: Op<AdminUser, { reason: string }, Id> };
  "/api/admin/users/{id}/resume": { post: Op<AdminUser, { reason: string }, Id> };
  "/api/admin/users/{id}/promote": { post: Op<AdminUser, { reason: string }, Id> };
  "/api/admin/users/{id}/demote": { post: Op<AdminUser, { reason: string }, Id> };
  "/api/admin/clients": {
    get: Op<
      Page<{
        id: string;
        name: string;
        profession: string;
        numbers: string[];
        user: { id: string; name: string };
        created_at: string;
      }>,
      unknown,
      unknown,
      { q?: string; cursor?: string }
    >;
  };
}
