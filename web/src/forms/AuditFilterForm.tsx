/** Narrows the acts to those of one kind, or of some days. */
import type { ActGroup, AuditFilter } from "../api/auditFilter";
import { Day, OneOf } from "./FilterFields";
import { useNarrow } from "./useNarrow";

const GROUP_WORDS: Record<ActGroup, string> = {
  user: "Signing in, password, address",
  second_factor: "Second step",
  identity: "Linked logins",
  session: "Browsers signed out",
  token: "Tokens of programs",
  key: "API keys",
  member: "Members",
  invitation: "Invitations",
  client: "Businesses",
  number: "Numbers",
  call: "Calls",
  export: "Exports",
  account: "Looks by administrators",
  dead_letter: "Dead letters",
};

interface Props {
  filter: AuditFilter;
  everybodys?: boolean;
}

export function AuditFilterForm({ filter: { act, from, to }, everybodys = false }: Props) {
  const narrow = useNarrow();
  // Dead letters belong to no account.
  const { dead_letter, ...own } = GROUP_WORDS;
  const words: Partial<typeof GROUP_WORDS> = everybodys ? { ...own, dead_letter } : own;
  return (
    <div className="grid grid-cols-2 gap-2 sm:grid-cols-3">
      <div className="col-span-2 sm:col-span-1">
        <OneOf label="About" words={words} value={act} choose={(act) => narrow({ act })} />
      </div>
      <Day label="From" value={from} max={to} choose={(from) => narrow({ from })} />
      <Day label="Up to and including" value={to} min={from} choose={(to) => narrow({ to })} />
    </div>
  );
}
