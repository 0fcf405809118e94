/** Where the person is signed in, each to be ended alone, or all at once. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { act, client } from "../../../api/client";
import { serverNow } from "../../../api/serverClock";
import { type SignedIn, sessionsQuery } from "../../../api/settings";
import { deviceWords } from "../../../forms/deviceWords";
import { problemWords } from "../../../forms/problemWords";
import { paths, signingOut } from "../../../paths";
import { Button } from "../../../ui/Button";
import { ConfirmDialog } from "../../../ui/Dialog";
import { Mark } from "../../../ui/Mark";
import { useHandOver } from "../../../ui/Panel";
import { moment } from "../../../ui/time";
import { Loaded } from "../Loaded";

export function Sessions() {
  const sessions = useQuery(sessionsQuery());
  const [everywhere, setEverywhere] = useState(false);
  return (
    <Loaded
      title="Where you are signed in"
      query={sessions}
      tall="h-28"
      control={
        <Button look="text" className="text-xs" onClick={() => setEverywhere(true)}>
          Sign out everywhere
        </Button>
      }
    >
      {({ items }) => (
        <>
          <ul className="flex flex-col">
            {items.map((session, at) => (
              <li key={session.id} className="border-t border-line py-2.5 first:border-t-0 first:pt-0 last:pb-0">
                <OneSession session={session} place={at + 1} />
              </li>
            ))}
          </ul>
          {everywhere && <Everywhere close={() => setEverywhere(false)} />}
        </>
      )}
    </Loaded>
  );
}

const METHODS: Partial<Record<string, string>> = {
  password: "with your password",
  google: "through Google",
  github: "through GitHub",
  signup: "when you signed up",
};

/** `place`: two browsers of one kind may have been seen in the same minute. */
function OneSession({ session, place }: { session: SignedIn; place: number }) {
  const queries = useQueryClient();
  const row = useHandOver<HTMLDivElement>();
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const now = new Date(serverNow());
  const device = deviceWords(session.user_agent);

  async function end() {
    // A second press would be told that there is no such session.
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await act(() => client.DELETE("/api/auth/sessions/{id}", { params: { path: { id: session.id } } }));
      await queries.invalidateQueries({ queryKey: sessionsQuery().queryKey });
    } catch (error) {
      setFailure(problemWords(error));
    }
    setBusy(false);
  }

  return (
    <div ref={row} className="flex items-center justify-between gap-4">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          <span title={session.user_agent}>{device}</span>
          {session.is_current && <Mark tone="good">This browser</Mark>}
        </p>
        <p className="figures text-xs text-quiet [overflow-wrap:anywhere]">
          From {session.address}, last seen {moment(session.seen_at, now)}; signed in{" "}
          {METHODS[session.method] ?? session.method} {moment(session.created_at, now)}
        </p>
        {failure && (
          <p role="alert" className="text-xs text-bad">
            {failure}
          </p>
        )}
      </div>
      {!session.is_current && (
        <Button onClick={() => void end()} aria-label={`Sign out ${place}: ${device}, last seen ${moment(session.seen_at, now)}`}>
          Sign out
        </Button>
      )}
    </div>
  );
}

function Everywhere({ close }: { close: () => void }) {
  const navigate = useNavigate();
  return (
    <ConfirmDialog
      title="Sign out everywhere?"
      does="Sign out everywhere"
      close={close}
      confirm={() => {
        close();
        void navigate(paths.signOut(), signingOut("everywhere"));
      }}
    >
      <p>
        Every browser and program is signed out, this one too. API keys go on working: those are revoked one by one.
      </p>
    </ConfirmDialog>
  );
}
