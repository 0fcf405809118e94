/** Acts, newest first: who did what to whom, when, from where. An owner's own, or everybody's for an administrator. */
import type { UseQueryResult } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import type { AuditFilter } from "../../api/auditFilter";
import { isReversed } from "../../api/period";
import { serverNow } from "../../api/serverClock";
import type { AuditPage } from "../../api/settings";
import { deviceWords } from "../../forms/deviceWords";
import { paths } from "../../paths";
import { AwaitingRows } from "../../ui/Awaiting";
import { classes } from "../../ui/classes";
import { Notice } from "../../ui/Notice";
import { moment } from "../../ui/time";
import { Failure } from "../shell/Failure";
import { Paging } from "../shell/Paging";
import { actWords, particulars, subjectWords } from "./actWords";

type Entry = AuditPage["items"][number];

interface Props {
  audit: UseQueryResult<AuditPage>;
  filter: AuditFilter;
  /** Whose account it was is said on each. */
  everybodys?: boolean;
  /** The names of businesses by their ids, as far as they are known. */
  businesses?: Map<string, string>;
}

const NONE_KNOWN = new Map<string, string>();

export function AuditList({ audit, filter, everybodys = false, businesses = NONE_KNOWN }: Props) {
  const [search] = useSearchParams();
  const { data, error, isPlaceholderData } = audit;
  if (!data) {
    return (
      <div className="card overflow-hidden">
        {error ? (
          <Failure error={error} again={() => void audit.refetch()} />
        ) : (
          <AwaitingRows rows={8} className="h-15" />
        )}
      </div>
    );
  }
  return (
    <div
      aria-busy={isPlaceholderData}
      className={classes("card overflow-clip transition-opacity", isPlaceholderData && "opacity-60")}
    >
      {data.items.length === 0 ? (
        <NoActs older={search.has("cursor")} narrowed={Object.values(filter).some(Boolean)} reversed={isReversed(filter)} />
      ) : (
        <ol aria-label="Acts, newest first">
          {data.items.map((entry) => (
            <li key={entry.id} className="border-b border-line px-5 py-2.5 last:border-b-0">
              <OneAct {...{ entry, everybodys, businesses }} />
            </li>
          ))}
        </ol>
      )}
      <Paging next={data.next_cursor} newest="Newest acts" older="Older acts" />
    </div>
  );
}

function NoActs({ older, narrowed, reversed }: { older: boolean; narrowed: boolean; reversed: boolean }) {
  if (narrowed && !older) {
    return (
      <Notice title="Nothing matches">
        {reversed ? (
          <p>The first day is after the last one, so nothing can be of these days.</p>
        ) : (
          <p>Choose another kind of acts, or widen the days.</p>
        )}
      </Notice>
    );
  }
  return (
    <Notice title={older ? "Nothing older" : "Nothing yet"}>
      <p>Signing in, changes of passwords, keys, members and numbers are written down here.</p>
    </Notice>
  );
}

interface ActProps {
  entry: Entry;
  everybodys: boolean;
  businesses: Map<string, string>;
}

function OneAct({ entry, everybodys, businesses }: ActProps) {
  const subject = subjectWords(entry, businesses);
  const more = particulars(entry.detail);
  return (
    <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-0.5">
      <div className="min-w-0 flex-1">
        <p className="[overflow-wrap:anywhere]">
          <bdi className="font-medium">{actorWords(entry)}</bdi> {actWords(entry.act)}
          {subject && (
            <>
              {` ${subject.before} `}
              <bdi>{subject.name}</bdi>
            </>
          )}
          {more && <span className="text-quiet">: {more}</span>}
        </p>
        <p className="text-xs text-quiet [overflow-wrap:anywhere]">
          {[
            entry.address && `From ${entry.address}`,
            entry.user_agent && deviceWords(entry.user_agent),
            entry.actor.kind === "key" && "with an API key",
          ]
            .filter(Boolean)
            .join(", ")}
          {everybodys && entry.account && (
            <>
              {" · account "}
              <Link to={paths.adminUser(entry.account.id)} className="text-link underline">
                {entry.account.name ?? entry.account.id}
              </Link>
            </>
          )}
        </p>
      </div>
      <time dateTime={entry.at} className="figures shrink-0 text-xs text-quiet">
        {moment(entry.at, new Date(serverNow()))}
      </time>
    </div>
  );
}

const NOBODY: Partial<Record<string, string>> = {
  admin: "An administrator",
  system: "Frontdesk",
  stranger: "A stranger",
};

function actorWords({ actor }: Entry) {
  return actor.name ?? NOBODY[actor.kind] ?? "Somebody who has left";
}
