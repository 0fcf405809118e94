/** Narrows the acts to those of one kind, or of some days. */
import { useCallback } from "react";
import { useSearchParams } from "react-router";
import { type ActGroup, type AuditFilter, refusedDays } from "../api/auditFilter";
import type { Days } from "../api/period";
import { DayRange, OneOf } from "./FilterFields";
import { LeftOut } from "./LeftOut";
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
  client: "Businesses deleted or brought back",
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
  const [search] = useSearchParams();
  const choose = useCallback((part: Days) => narrow({ ...part }), [narrow]);
  // Dead letters belong to no account.
  const { dead_letter, ...own } = GROUP_WORDS;
  const words: Partial<typeof GROUP_WORDS> = everybodys ? { ...own, dead_letter } : own;
  return (
    <div className="grid grid-cols-2 gap-2 sm:grid-cols-3">
      <div className="col-span-2 sm:col-span-1">
        <OneOf label="About" words={words} value={act} choose={(act) => narrow({ act })} />
      </div>
      <DayRange days={{ from, to }} choose={choose} />
      <div className="col-span-full empty:hidden">
        <LeftOut parts={refusedDays(search)} clear={() => choose({ from, to })} />
      </div>
    </div>
  );
}
