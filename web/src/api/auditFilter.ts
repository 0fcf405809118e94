/** Which acts are asked for, as the address holds it; what it holds that is no filter shows as none. */
import { type Days, instantsOf, isPlausibleDay } from "./period";

/** The api's own groups: the words before the dot of an act. */
export const ACT_GROUPS = [
  "user",
  "second_factor",
  "identity",
  "session",
  "token",
  "key",
  "member",
  "invitation",
  "client",
  "number",
  "call",
  "export",
  "account",
  "dead_letter",
] as const;

export type ActGroup = (typeof ACT_GROUPS)[number];

export interface AuditFilter extends Days {
  act?: ActGroup | undefined;
}

export function readAuditFilter(search: URLSearchParams): AuditFilter {
  const day = (name: string) => {
    const given = search.get(name) ?? "";
    return isPlausibleDay(given) ? given : undefined;
  };
  return { act: ACT_GROUPS.find((group) => group === search.get("act")), from: day("from"), to: day("to") };
}

/** The days in the address that are none, as `name=value`: a longer list without a word would look right. */
export function refusedDays(search: URLSearchParams) {
  return [...search].flatMap(([name, value]) =>
    (name === "from" || name === "to") && value !== "" && !isPlausibleDay(value) ? [`${name}=${value}`] : [],
  );
}

/** As the api takes it. */
export function auditQueryOf({ act, ...days }: AuditFilter) {
  return { ...(act && { act }), ...instantsOf(days) };
}
