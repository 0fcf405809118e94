/** Who changed what and when; and the way back to how it was. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Business, Change, Professions } from "../../api/businesses";
import { historyQuery } from "../../api/businesses";
import { readBusiness, restoreBusiness } from "../../api/changes";
import { may, useMe } from "../../api/me";
import { isKind } from "../../api/problem";
import { serverNow } from "../../api/serverClock";
import { problemWords } from "../../forms/problemWords";
import { AwaitingRows } from "../../ui/Awaiting";
import { Button } from "../../ui/Button";
import { ConfirmDialog } from "../../ui/Dialog";
import { Panel } from "../../ui/Panel";
import { day, longDay, timeOfDay } from "../../ui/time";
import { Unfold } from "../../ui/Unfold";
import { Failure } from "../shell/Failure";
import { changedFields, changeWords, valueWords } from "./changeWords";

interface Props {
  business: Business;
  professions: Professions | undefined;
}

export function History({ business, professions }: Props) {
  const history = useInfiniteQuery(historyQuery(business.id));
  const { data, error, hasNextPage, isFetchingNextPage } = history;
  /** Held here: what comes meanwhile may push it off the last page that is open. */
  const [restoring, setRestoring] = useState<Change | null>(null);
  if (!data) {
    return (
      <Panel title="History" flush>
        {error ? (
          <Failure error={error} again={() => void history.refetch()} />
        ) : (
          <AwaitingRows rows={3} className="h-12" />
        )}
      </Panel>
    );
  }
  const changes = data.pages.flatMap(({ items }) => items);
  return (
    <Panel title="History" flush>
      {changes.length === 0 ? (
        <p className="px-5 pb-5 text-quiet">{unchangedWords(business)}</p>
      ) : (
        <ol className="border-t border-line">
          {changes.map((change, at) => (
            <OneChange
              key={change.id}
              {...{ professions, change }}
              isNow={at === 0}
              restore={() => setRestoring(change)}
            />
          ))}
        </ol>
      )}
      {hasNextPage && (
        <div className="border-t border-line px-5 py-1.5">
          {history.isFetchNextPageError && <p className="text-bad">{problemWords(error)}</p>}
          <Button
            look="text"
            className="min-h-9"
            disabled={isFetchingNextPage}
            onClick={() => void history.fetchNextPage()}
          >
            Older changes
          </Button>
        </div>
      )}
      {restoring && <Restore business={business} change={restoring} close={() => setRestoring(null)} />}
    </Panel>
  );
}

interface ChangeProps extends Pick<Props, "professions"> {
  change: Change;
  isNow: boolean;
  restore: () => void;
}

/** Changes that left the words and times of a business another way than they were. */
const RESTORABLE = new Set(["created", "edited", "restored"]);

function OneChange({ professions, change, isNow, restore }: ChangeProps) {
  const canEdit = may(useMe(), "edit");
  const fields = changedFields(change);
  return (
    <li className="flex items-start justify-between gap-4 border-t border-line px-5 py-2.5 first:border-t-0">
      <div className="min-w-0">
        <p className="[overflow-wrap:anywhere]">
          <bdi className="font-medium">{changedBy(change)}</bdi> {changeWords(change)}
        </p>
        <p className="figures text-xs text-quiet">
          {day(change.at, new Date(serverNow()))}, {timeOfDay(change.at)}
        </p>
        {change.kind !== "created" && fields.length > 0 && (
          <Unfold words="What it was" look="text-accent" className="mt-1 text-xs">
            <dl className="mt-1 flex flex-col gap-2">
              {fields.map(({ name, from, to, field }) => (
                <div key={field}>
                  <dt className="text-quiet">{name}</dt>
                  <dd className="whitespace-pre-line [overflow-wrap:anywhere]">
                    <del className="text-quiet">{valueWords(field, from, professions)}</del>{" "}
                    <ins className="no-underline">{valueWords(field, to, professions)}</ins>
                  </dd>
                </div>
              ))}
            </dl>
          </Unfold>
        )}
      </div>
      {canEdit && !isNow && RESTORABLE.has(change.kind) && (
        <Button look="text" className="shrink-0" onClick={restore} aria-label={restoreLabel(change)}>
          Restore
        </Button>
      )}
    </li>
  );
}

function Restore({ business, change, close }: { business: Business; change: Change; close: () => void }) {
  const queries = useQueryClient();
  return (
    <ConfirmDialog
      harmless
      title="Restore this version?"
      does="Restore it"
      close={close}
      words={(error) =>
        isKind(error, "changed-meanwhile")
          ? "Somebody changed this business meanwhile, so nothing was restored. Press again to restore over their change."
          : problemWords(error)
      }
      confirm={async () => {
        try {
          await restoreBusiness(queries, business.id, change.id, business.version);
        } catch (error) {
          // The next try builds on what is there now, which the person has been told of.
          if (isKind(error, "changed-meanwhile")) await readBusiness(queries, business.id);
          throw error;
        }
        close();
      }}
    >
      <p>
        What <bdi>{business.name}</bdi> says, its voice and its hours become as they were on{" "}
        {day(change.at, new Date(serverNow()))} at {timeOfDay(change.at)}. Its numbers stay as they are. What is there
        now stays in the history.
      </p>
    </ConfirmDialog>
  );
}

/** A business made by no person, as the sandbox makes its own, has no change that tells of it. */
function unchangedWords({ version, created_at }: Business) {
  return version === 1
    ? `Nothing was changed since it was made on ${longDay(created_at)}.`
    : "No change is recorded yet.";
}

function changedBy({ by }: Change) {
  return by ? (by.name ?? "Somebody who has left") : "Frontdesk";
}

function restoreLabel({ at }: Change) {
  return `Restore the version of ${day(at, new Date(serverNow()))}, ${timeOfDay(at)}`;
}
