/** The newest calls, as the calls list draws them. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { clientsQuery } from "../../api/businesses";
import type { CallPage, Whose } from "../../api/queries";
import { paths } from "../../paths";
import { AwaitingRows } from "../../ui/Awaiting";
import { buttonLook } from "../../ui/Button";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { CALL_COLUMNS, CallRow } from "../calls/CallRow";
import { canRing } from "../calls/WhereToRing";
import { Failure } from "../shell/Failure";

export function Newest({ newest, whose }: { newest: UseQueryResult<CallPage>; whose: Whose }) {
  const { data, error } = newest;
  const clients = useQuery(clientsQuery()).data?.items;
  return (
    <Panel
      title="Newest calls"
      flush
      className="overflow-hidden"
      control={
        <Link to={paths.calls(whose)} className={buttonLook("text", "text-xs")}>
          All calls
        </Link>
      }
    >
      {data ? (
        data.items.length > 0 ? (
          <div className="border-t border-line">
            <Rows label="Newest calls" columns={CALL_COLUMNS}>
              {data.items.map((call) => (
                <CallRow key={call.id} call={call} />
              ))}
            </Rows>
          </div>
        ) : (
          <p className="px-5 pb-5 text-quiet">
            No calls yet.{(whose.unassigned || canRing(clients)) && " The first one appears here at its first ring."}
          </p>
        )
      ) : error ? (
        <Failure error={error} again={() => void newest.refetch()} />
      ) : (
        <AwaitingRows rows={8} className="h-15 rail:h-10" />
      )}
    </Panel>
  );
}
