/** The rows of the calls list, or why there are none; and the way to older ones. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { clientsQuery } from "../../api/businesses";
import type { CallFilter } from "../../api/callFilter";
import { may, useMe } from "../../api/me";
import { isReversed } from "../../api/period";
import type { CallPage } from "../../api/queries";
import { paths } from "../../paths";
import { AwaitingRows } from "../../ui/Awaiting";
import { buttonLook } from "../../ui/Button";
import { classes } from "../../ui/classes";
import { Notice } from "../../ui/Notice";
import { Rows } from "../../ui/Rows";
import { Failure } from "../shell/Failure";
import { Paging } from "../shell/Paging";
import { CALL_COLUMNS, CallRow } from "./CallRow";
import { WhereToRing } from "./WhereToRing";

interface Props {
  calls: UseQueryResult<CallPage>;
  filter: CallFilter;
  search: URLSearchParams;
  chosenId: string | undefined;
}

export function CallList({ calls, filter, search, chosenId }: Props) {
  const { data, error, isPlaceholderData } = calls;
  const inCall = search.size > 0 ? `?${search.toString()}` : "";
  if (!data) {
    return (
      <div className="card overflow-hidden">
        {error ? (
          <Failure error={error} again={() => void calls.refetch()} action={<ClearFilters />} />
        ) : (
          <AwaitingRows rows={12} className="h-15 rail:h-10" />
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
        <NoCalls filter={filter} older={search.has("cursor")} />
      ) : (
        <Rows label="Calls, newest first" columns={CALL_COLUMNS}>
          {data.items.map((call) => (
            <CallRow key={call.id} call={call} search={inCall} chosen={call.id === chosenId} />
          ))}
        </Rows>
      )}
      <Paging next={data.next_cursor} newest="Newest calls" older="Older calls" list={paths.calls()} />
    </div>
  );
}

/** An empty list says what to do next: widen it, or ring. */
function NoCalls({ filter, older }: { filter: CallFilter; older: boolean }) {
  const { client_id, unassigned, ...parts } = filter;
  const clients = useQuery(clientsQuery()).data?.items;
  const canEdit = may(useMe(), "edit");
  const { state, ...others } = parts;
  const narrowed = Object.keys(parts).length > 0;
  if (client_id && clients && !clients.some(({ id }) => id === client_id)) {
    return (
      <Notice title="No call matches" action={<ClearFilters />}>
        <p>The business that was chosen is not there: it was deleted, or it belongs to another account.</p>
      </Notice>
    );
  }
  if ((state === "live" || state === "ringing") && Object.keys(others).length === 0 && !older) {
    return (
      <Notice title={NOBODY[state].title} action={<ClearFilters />}>
        <p>{NOBODY[state].words}</p>
      </Notice>
    );
  }
  if (narrowed || older) {
    return (
      <Notice title={older ? "No older calls" : "No call matches"} action={<ClearFilters />}>
        {older ? <p>This is where the list ends.</p> : <NoMatch {...{ filter }} />}
      </Notice>
    );
  }
  return (
    <Notice
      title="No calls yet"
      action={
        canEdit &&
        !client_id &&
        !unassigned &&
        clients?.length === 0 && (
          <Link to={paths.newBusiness()} className={buttonLook("strong")}>
            New business
          </Link>
        )
      }
    >
      <WhereToRing whose={{ ...(client_id && { client_id }), ...(unassigned && { unassigned }) }} />
    </Notice>
  );
}

/** Nobody there is no mistake of the filter. */
const NOBODY = {
  live: { title: "Nobody is on the line", words: "A call stands here from the moment it is answered until it ends." },
  ringing: { title: "Nobody is ringing", words: "A call stands here from its first ring until it is answered." },
};

function NoMatch({ filter: { q, client_id, unassigned, ...others } }: { filter: CallFilter }) {
  if (isReversed(others)) return <p>The first day is after the last one, so no call can be of these days.</p>;
  if (!q) return <p>Take a filter away, or widen the dates. New calls that match appear here by themselves.</p>;
  const narrowed = client_id !== undefined || unassigned || Object.keys(others).length > 0;
  return (
    <>
      <p>
        Nobody said <q className="font-medium text-ink">{q}</q>
        {narrowed ? " on the calls that fit the other filters" : ""}.
      </p>
      <p>
        All the words must have been said, each of them whole. A <kbd>*</kbd> finds what begins so, as in appoint*;
        quotation marks keep words together, as in "next tuesday".
      </p>
    </>
  );
}

function ClearFilters() {
  return (
    <Link to={paths.calls()} className={buttonLook("strong")}>
      Show all calls
    </Link>
  );
}
