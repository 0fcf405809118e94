/** Every address of the dashboard. A page that needs one asks here; nobody glues strings. */
import { type AuditFilter, auditQueryOf } from "./api/auditFilter";
import { type CallFilter, filterQuery, writeFilter } from "./api/callFilter";
import { browserLocale, browserTimeZone } from "./reader";

export type SettingsPage = "profile" | "security" | "notifications" | "keys" | "members" | "data" | "activity";
export type AdminPage = "users" | "clients" | "audit";

export const paths = {
  overview: (search = "") => `/${search}`,
  /** By a filter, or as an address has it: with its cursor too. */
  calls: (filter: CallFilter | URLSearchParams = {}) =>
    `/calls${question(filter instanceof URLSearchParams ? filter : writeFilter(filter))}`,
  /** `search` keeps the list beside the call as it was filtered. */
  call: (id: string, search = "") => `/calls/${encodeURIComponent(id)}${search}`,
  billing: (search = "") => `/billing${search}`,
  businesses: (search = "") => `/clients${search}`,
  business: (id: string, search = "") => `/clients/${encodeURIComponent(id)}${search}`,
  newBusiness: () => "/clients/new",
  settings: (page?: SettingsPage) => (page ? `/settings/${page}` : "/settings"),
  admin: (page?: AdminPage) => (page ? `/admin/${page}` : "/admin"),
  adminUser: (id: string) => `/admin/users/${encodeURIComponent(id)}`,
  signIn: (after?: { returnTo?: string; problem?: string }) => `/sign-in${back(after)}`,
  signUp: (after?: { returnTo?: string }) => `/sign-up${back(after)}`,
  /** The page that ends the session: at once for whoever comes with `signingOut`, else by a press. */
  signOut: (after?: { returnTo?: string }) => `/sign-out${back(after)}`,
  forgotten: () => "/forgotten",
  invitation: () => "/invitation",
  confirmEmail: () => "/confirm-email",
  /** Not pages: what the api hands out or sends on. */
  provider: (provider: string, returnTo: string) => `/api/auth/${provider}${leaving(returnTo)}`,
  callsCsv: (filter: CallFilter) => `/api/calls.csv${question(writeFilter(filterQuery(filter)))}`,
  auditCsv: (filter: AuditFilter) => `/api/audit.csv${question(writeFilter(auditQueryOf(filter)))}`,
  adminAuditCsv: (filter: AuditFilter) => `/api/admin/audit.csv${question(writeFilter(auditQueryOf(filter)))}`,
  voiceSample: (id: string) => `/api/clients/${encodeURIComponent(id)}/voice-sample`,
};

/** Goes with a navigation to `paths.signOut`: somebody pressed "Sign out" here. */
export function signingOut(where: "here" | "everywhere" = "here") {
  return { state: { signOut: where } };
}

/** Where to go after signing in: only ever a page of ours, whatever the address says. */
export function returnTo(search: URLSearchParams): string {
  const wanted = search.get("return_to") ?? "";
  const home = window.location.origin;
  if (!wanted.startsWith("/") || !URL.canParse(wanted, home)) return paths.overview();
  const { origin, pathname, search: asked } = new URL(wanted, home);
  const isPage = origin === home && !/^\/(\/|api\/)/.test(pathname);
  return isPage ? pathname + asked : paths.overview();
}

function back({ returnTo, problem }: { returnTo?: string; problem?: string } = {}) {
  const search = new URLSearchParams();
  if (returnTo && returnTo !== "/") search.set("return_to", returnTo);
  if (problem) search.set("problem", problem);
  return question(search);
}

/** No provider tells where somebody is, and an account may be made at the end of it. */
function leaving(returnTo: string) {
  return question(
    new URLSearchParams({ return_to: returnTo, time_zone: browserTimeZone(), locale: browserLocale() }),
  );
}

function question(search: URLSearchParams) {
  return search.size > 0 ? `?${search.toString()}` : "";
}
