/**
 * An invitation to another account: who invites, to what, and then the way in. It is for one
 * address; whoever is signed in with another is told, and nothing is accepted in passing.
 */
import { type QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";
import { type AnswerOf, act, answer, client } from "../api/client";
import type { paths as api } from "../api/schema";
import { dropInvitation, keepInvitation, keptInvitation, takeMailToken } from "../api/mailLink";
import { type Me, enter, meQuery } from "../api/me";
import { isKind } from "../api/problem";
import { mayBeSignedIn } from "../api/session";
import { problemWords } from "../forms/problemWords";
import { roleWords } from "../forms/roleWords";
import { paths, signingOut } from "../paths";
import { Awaiting } from "../ui/Awaiting";
import { Button, buttonLook } from "../ui/Button";
import { longDay } from "../ui/time";
import { Door } from "./door/Door";
import { LinkOver } from "./door/LinkOver";
import { withTyped } from "./door/typed";
import { useMailToken } from "./door/useMailToken";
import { Failure } from "./shell/Failure";

type Shown = AnswerOf<api["/api/invitations/show"]["post"]>;

export async function ask(queries: QueryClient) {
  const token = takeMailToken();
  if (token) keepInvitation(token);
  if (mayBeSignedIn()) await queries.query(meQuery()).catch(() => undefined);
  return token ?? keptInvitation();
}

export function Invitation() {
  const token = useMailToken();
  return token ? <Shown key={token} token={token} /> : <Over used={false} />;
}

function Shown({ token }: { token: string }) {
  // Once it is accepted there is nothing to show, and asking again would only hear that.
  const [accepted, setAccepted] = useState(false);
  const shown = useQuery({ ...invitationQuery(token), enabled: !accepted });
  const me = useQuery({ ...meQuery(), enabled: mayBeSignedIn() }).data;
  const isOver = isKind(shown.error, "link-over", "already-used", "not-found");
  useEffect(() => {
    if (isOver) dropInvitation();
  }, [isOver]);
  if (isOver) return <Over used />;
  if (shown.error) {
    return (
      <Door title="An invitation">
        <Failure error={shown.error} again={() => void shown.refetch()} />
      </Door>
    );
  }
  if (!shown.data) {
    return (
      <Door title="An invitation">
        <Awaiting className="h-5 w-full" />
        <Awaiting className="h-5 w-2/3" />
        <Awaiting className="h-11 w-full" />
      </Door>
    );
  }
  const { account_name, email, role, expires_at } = shown.data;
  return (
    <Door title={`${account_name} invites you`}>
      <p>
        You would be {roleWords(role).a}: {roleWords(role).may}
      </p>
      <p className="text-quiet [overflow-wrap:anywhere]">
        For {email}, until {longDay(expires_at)}.
      </p>
      {me ? <Accept {...{ token, me, email }} onAccepted={() => setAccepted(true)} /> : <FirstSignIn email={email} />}
    </Door>
  );
}

function invitationQuery(token: string) {
  return queryOptions({
    queryKey: ["invitation", token],
    queryFn: ({ signal }) => answer<Shown>(client.POST("/api/invitations/show", { body: { token }, signal })),
    staleTime: 60_000,
  });
}

function FirstSignIn({ email }: { email: string }) {
  return (
    <>
      <p className="[overflow-wrap:anywhere]">
        To accept, sign in with {email}, or create an account with that address. You come back here.
      </p>
      <div className="flex flex-col gap-2">
        <Link
          to={paths.signIn({ returnTo: paths.invitation() })}
          state={withTyped(email)}
          className={buttonLook("strong", "min-h-11")}
        >
          Sign in
        </Link>
        <Link
          to={paths.signUp({ returnTo: paths.invitation() })}
          state={withTyped(email)}
          className={buttonLook("plain", "min-h-11")}
        >
          Create an account
        </Link>
      </div>
    </>
  );
}

function Accept({ token, me, email, onAccepted }: { token: string; me: Me; email: string; onAccepted: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const isOther = me.user.email.toLowerCase() !== email.toLowerCase() || isKind(failure, "other-address");

  async function accept() {
    setBusy(true);
    setFailure(null);
    try {
      const accepted = await act(() => client.POST("/api/invitations/accept", { body: { token } }));
      dropInvitation();
      onAccepted();
      enter(queries, accepted);
      void navigate(paths.overview(), { replace: true });
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  }

  if (isOther) {
    return (
      <>
        <p role="status" className="rounded-inner bg-late-soft px-3 py-2 text-late [overflow-wrap:anywhere]">
          You are signed in as {me.user.email}, and this invitation is for {email}.
        </p>
        <Button
          look="strong"
          className="min-h-11"
          onClick={() => void navigate(paths.signOut({ returnTo: paths.invitation() }), signingOut())}
        >
          Sign out and use the other address
        </Button>
        <NotNow />
      </>
    );
  }
  return (
    <>
      {failure !== null && (
        <p role="alert" className="text-bad">
          {isKind(failure, "already-used", "link-over")
            ? "This invitation was accepted or taken back already."
            : problemWords(failure)}
        </p>
      )}
      <Button look="strong" disabled={busy} className="min-h-11" onClick={() => void accept()}>
        Accept the invitation
      </Button>
      <NotNow />
    </>
  );
}

/** A kept invitation meets every sign-in, so each way it is shown has a way past it. */
function NotNow() {
  return (
    <Link to={paths.overview()} onClick={dropInvitation} className={buttonLook("text")}>
      Not now
    </Link>
  );
}

function Over({ used }: { used: boolean }) {
  const onward = (
    <Link to={paths.overview()} className={buttonLook("strong", "min-h-11")}>
      Go to the dashboard
    </Link>
  );
  return (
    <LinkOver
      used={used}
      action={onward}
      otherwise="An invitation ends when it is accepted, taken back or a week old. Ask for another, or"
    />
  );
}
