/** Ends a call that goes on. It is asked for; that it is over the call itself says, a second or two later. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { act, client } from "../../api/client";
import { may, useMe } from "../../api/me";
import { isKind } from "../../api/problem";
import { type OneCall, callQuery } from "../../api/queries";
import { problemWords } from "../../forms/problemWords";
import { Button } from "../../ui/Button";
import { ConfirmDialog } from "../../ui/Dialog";
import { personWords } from "../calls/words";

/** As long as the api takes asking again for the same. After it another try is worth something. */
const ASKED_MS = 30_000;

export function HangUp({ call }: { call: OneCall["call"] }) {
  const canHangUp = may(useMe(), "edit");
  const queries = useQueryClient();
  const [sure, setSure] = useState(false);
  const [asked, setAsked] = useState<"not" | "waiting" | "in vain">("not");
  useEffect(() => {
    if (asked !== "waiting") return;
    const timer = window.setTimeout(() => setAsked("in vain"), ASKED_MS);
    return () => window.clearTimeout(timer);
  }, [asked]);
  if (!canHangUp || call.state === "ended") return null;

  async function hangUp() {
    try {
      await act(() => client.POST("/api/calls/{id}/hangup", { params: { path: { id: call.id } } }));
      setAsked("waiting");
    } catch (error) {
      if (!isKind(error, "call-over")) throw error;
      // It ended while the question stood here: that is what was wanted.
      await queries.invalidateQueries({ queryKey: callQuery(call.id).queryKey });
    }
    setSure(false);
  }

  return (
    <div className="flex flex-col items-end gap-1">
      <Button
        look="danger"
        className="min-h-11 rail:min-h-9"
        disabled={asked === "waiting"}
        onClick={() => setSure(true)}
      >
        {asked === "waiting" ? "Hanging up…" : "Hang up"}
      </Button>
      {asked === "in vain" && (
        <p role="alert" className="text-xs text-bad">
          The call did not end. Try again.
        </p>
      )}
      {sure && (
        <ConfirmDialog
          title={`Hang up on ${personWords(call)}?`}
          does="Hang up"
          cancel="Let them talk"
          close={() => setSure(false)}
          confirm={hangUp}
          words={(error) =>
            isKind(error, "not-set-up")
              ? "Calls cannot be ended from here, because no LiveKit is set up."
              : problemWords(error)
          }
        >
          <p>They are cut off in the middle of what they say. What was said so far is kept.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
