/** Businesses deleted within the last month: each can be brought back, without its numbers and voice sample. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { type ListedBusiness, deletedQuery } from "../../api/businesses";
import { bringBack } from "../../api/changes";
import { problemWords } from "../../forms/problemWords";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { longDay } from "../../ui/time";
import { Unfold } from "../../ui/Unfold";

/** Asked for only when somebody looks. */
export function Deleted() {
  const [open, setOpen] = useState(false);
  const deleted = useQuery({ ...deletedQuery(), enabled: open });
  return (
    <Unfold words="Deleted businesses" turned={setOpen}>
      <div className="card mt-2 px-5 py-3">
        {deleted.error && <p className="text-bad">{problemWords(deleted.error)}</p>}
        {deleted.isPending && <p className="text-quiet">Looking for them…</p>}
        {deleted.data?.items.length === 0 && <p className="text-quiet">None in the last 30 days.</p>}
        <ul className="flex flex-col">
          {deleted.data?.items.map((business) => (
            <li key={business.id} className="border-t border-line py-2 first:border-t-0">
              <OneDeleted business={business} />
            </li>
          ))}
        </ul>
      </div>
    </Unfold>
  );
}

function OneDeleted({ business }: { business: ListedBusiness }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  async function restore() {
    setBusy(true);
    setFailure(null);
    try {
      await bringBack(queries, business.id);
      await navigate(paths.business(business.id));
    } catch (error) {
      setFailure(problemWords(error));
      setBusy(false);
    }
  }

  return (
    <div className="flex items-center justify-between gap-4">
      <div className="min-w-0">
        <p className="font-medium [overflow-wrap:anywhere]">
          <bdi>{business.name}</bdi>
        </p>
        <p className="text-xs text-quiet">Changed last {longDay(business.updated_at)}</p>
        {failure && (
          <p role="alert" className="text-xs text-bad">
            {failure}
          </p>
        )}
      </div>
      <Button disabled={busy} onClick={() => void restore()} aria-label={`Bring back ${business.name}`}>
        Bring back
      </Button>
    </div>
  );
}
