/** Over every page while an account is on its way out: until when, and the way back. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { act, client } from "../../api/client";
import { askWhoIAm } from "../../api/me";
import { STAYS } from "../../forms/endingWords";
import { problemWords } from "../../forms/problemWords";
import { Button } from "../../ui/Button";
import { longDay } from "../../ui/time";

export function DeletionPending({ due }: { due: string | null }) {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  if (!due) return null;

  async function keep() {
    setBusy(true);
    setFailure(null);
    try {
      await act(() => client.POST("/api/users/account/keep"));
      await askWhoIAm(queries);
    } catch (error) {
      setFailure(problemWords(error));
    }
    setBusy(false);
  }

  return (
    <div
      role="status"
      className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b border-line bg-late-soft px-4 py-2.5 text-late rail:px-6"
    >
      <p className="font-medium">
        Your account will be deleted on {longDay(due)}, and its businesses with it. {STAYS}
        {failure && ` ${failure}`}
      </p>
      <Button disabled={busy} onClick={() => void keep()}>
        Keep my account
      </Button>
    </div>
  );
}
