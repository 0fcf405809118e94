/**
 * The accounts' part of the contract, by hand until the api's own document has it.
 * What is in `schema.ts` is taken out here.
 */
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

export interface Me {
  user: {
    id: string;
    name: string;
    email: string;
    role: "owner" | "admin";
    time_zone: string;
    locale: string;
    deletion_due_at: string | null;
  };
  account: { id: string; name: string; role: "owner" | "manager" | "reader" };
  accounts: { id: string; name: string; role: "owner" | "manager" | "reader" }[];
  session: { id: string; method: string; proven_until: string } | null;
  has_password: boolean;
  second_factor: boolean;
}

interface Offer {
  providers: ("google" | "github")[];
  ready_accounts: { title: string; email: string; password: string }[];
  mailbox_url: string | null;
}

interface Profile {
  name: string;
  time_zone: string;
  locale: string;
  notifications: { new_call: boolean; missed_call: boolean; daily_summary: boolean; payment_trouble: boolean };
}

interface Export {
  id: string;
  requested_at: string;
  state: "making" | "ready" | "failed" | "expired";
  expires_at: string | null;
  failure: string | null;
  files: { name: string; bytes: number; href: string }[];
}

type Span = { from: string; to: string };
type Day = "monday" | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday" | "sunday";

interface Client {
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

interface AuditEntry {
  id: number;
  at: string;
  act: string;
  actor: { id: string | null; name: string | null; kind: string };
  account: { id: string; name: string } | null;
  subject: string | null;
  address: string | null;
  user_agent: string | null;
  detail: Record<string, unknown>;
}

interface AdminUser {
  id: string;
  name: string;
  email: string;
  role: "owner" | "admin";
  created_at: string;
  suspended_at: string | null;
  deletion_due_at: string | null;
  clients: number;
}

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

type Provider = { provider: "google" | "github" };

export interface PendingPaths {
  "/api/auth/signup": {
    post: Op<object, { name: string; email: string; password: string; time_zone?: string; locale?: string }>;
  };
  "/api/auth/verify-email": { post: Op<Me, { token: string; password?: string }> };
  "/api/auth/login": { post: Op<Me, { email: string; password: string; code?: string }> };
  "/api/auth/logout": { post: Op<Nothing> };
  "/api/auth/password/forgot": { post: Op<object, { email: string }> };
  "/api/auth/password/reset": { post: Op<Nothing, { token: string; password: string }> };
  "/api/auth/password/change": { post: Op<Nothing, { current_password?: string; password: string }> };
  "/api/auth/me": { get: Op<Me> };
  "/api/auth/offer": { get: Op<Offer> };
  "/api/auth/identities": {
    get: Op<{ items: { provider: "google" | "github"; email: string; linked_at: string; used_at: string | null }[] }>;
  };
  "/api/auth/identities/{provider}/link": { post: Op<{ location: string }, unknown, Provider> };
  "/api/auth/identities/{provider}": { delete: Op<Nothing, unknown, Provider> };
  "/api/auth/sessions": {
    get: Op<{
      items: {
        id: string;
        method: string;
        user_agent: string;
        address: string;
        created_at: string;
        seen_at: string;
        is_current: boolean;
      }[];
    }>;
    delete: Op<Nothing>;
  };
  "/api/auth/sessions/{id}": { delete: Op<Nothing, unknown, Id> };
  "/api/auth/account": { post: Op<Me, { account_id: string }> };
  "/api/auth/prove": { post: Op<Nothing, { password?: string; code?: string }> };
  "/api/auth/totp": { post: Op<{ secret: string; uri: string; qr_svg: string }>; delete: Op<Nothing> };
  "/api/auth/totp/confirm": { post: Op<{ recovery_codes: string[] }, { code: string }> };
  "/api/auth/totp/recovery-codes": { post: Op<{ recovery_codes: string[] }> };
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
        role: "owner" | "manager" | "reader";
        joined_at: string | null;
      }[];
      invitations: {
        id: string;
        email: string;
        role: "manager" | "reader";
        created_at: string;
        expires_at: string;
      }[];
    }>;
  };
  "/api/members/invitations": { post: Op<object, { email: string; role: "manager" | "reader" }> };
  "/api/members/invitations/{id}": { delete: Op<Nothing, unknown, Id> };
  "/api/members/{user_id}": {
    put: Op<object, { role: "manager" | "reader" }, { user_id: string }>;
    delete: Op<Nothing, unknown, { user_id: string }>;
  };
  "/api/invitations/show": {
    post: Op<
      { account_name: string; email: string; role: "manager" | "reader"; expires_at: string },
      { token: string }
    >;
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
  "/api/keys": {
    get: Op<{ items: Key[] }>;
    post: Op<Key & { key: string }, { name: string; scopes: Scope[]; expires_at?: string }>;
  };
  "/api/keys/{id}": { delete: Op<Nothing, unknown, Id> };
  "/api/audit": { get: Op<Page<AuditEntry>, unknown, unknown, { cursor?: string }> };
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

export type Scope = "calls:read" | "clients:read" | "clients:write" | "billing:read" | "agent";

interface Key {
  id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  created_at: string;
  expires_at: string | null;
  used_at: string | null;
  revoked_at: string | null;
}
