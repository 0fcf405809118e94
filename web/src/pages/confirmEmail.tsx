/**
 * Proves a new address of an account, by a press of a button: programs that look through mail open
 * links too. Only who is signed in to that account can: the link may have reached somebody who never asked.
 */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";
import { act, client } from "../api/client";
import { dropNewAddress, keepNewAddress, keptNewAddress, takeMailToken } from "../api/mailLink";
import { type Me, askWhoIAm, meQuery } from "../api/me";
import { isKind } from "../api/problem";
import { mayBeSignedIn } from "../api/session";
import { FormProblem, useKeptForm } from "../forms/form";
import { z } from "../forms/rules";
import { OTHERS_SIGNED_OUT } from "../forms/signedOutWords";
import { paths, signingOut } from "../paths";
import { Button, buttonLook } from "../ui/Button";
import { Door, Elsewhere } from "./door/Door";
import { LinkOver } from "./door/LinkOver";
import { useMailToken } from "./door/useMailToken";

export async function ask(queries: QueryClient) {
  const token = takeMailToken();
  if (token) keepNewAddress(token);
  if (mayBeSignedIn()) await queries.query(meQuery()).catch(() => undefined);
  return token ?? keptNewAddress();
}

const RULES = z.object({});

export function ConfirmEmail() {
  const token = useMailToken();
  const queries = useQueryClient();
  const me = useQuery({ ...meQuery(), enabled: mayBeSignedIn() }).data;
  const [became, setBecame] = useState<"over" | "changed" | "stranger" | "other" | null>(null);
  const { form, submit, busy } = useKeptForm({
    rules: RULES,
    values: {},
    save: async () => {
      try {
        await act(() => client.POST("/api/users/email/confirm", { body: { token: token ?? "" } }));
        await askWhoIAm(queries);
        setBecame("changed");
      } catch (error) {
        if (isKind(error, "link-over")) setBecame("over");
        else if (isKind(error, "unauthorised")) setBecame("stranger");
        else if (isKind(error, "other-account")) setBecame("other");
        else throw error;
      }
    },
    words: (error) =>
      isKind(error, "address-taken") ? "Another account has this address by now, so yours keeps the one it had." : null,
  });
  useEffect(() => {
    if (became === "changed" || became === "over") dropNewAddress();
  }, [became]);
  if (became === "changed") return <Changed me={me} />;
  if (!token || became === "over") {
    return (
      <LinkOver
        used={became === "over"}
        action={<Onward />}
        otherwise="You can ask for another link under Settings, Profile."
      />
    );
  }
  if (became === "other") return <OfAnother />;
  return (
    <Door title="Confirm your new address">
      <p className="text-quiet">Until you do, your account keeps the address it has.</p>
      {me && (
        <p className="[overflow-wrap:anywhere]">
          It is for the account you are signed in to: <bdi>{me.user.name}</bdi>, {me.user.email}.
        </p>
      )}
      {became === "stranger" || !mayBeSignedIn() ? (
        <FirstSignIn />
      ) : (
        <form onSubmit={submit} noValidate className="flex flex-col gap-4">
          <FormProblem form={form} />
          <Button look="strong" type="submit" disabled={busy} className="min-h-11">
            Confirm my address
          </Button>
        </form>
      )}
      <Elsewhere>You did not ask for this? Then there is nothing to do: without you nothing changes.</Elsewhere>
    </Door>
  );
}

function Changed({ me }: { me: Me | undefined }) {
  return (
    <Door title="Your address is changed">
      <p role="status" className="[overflow-wrap:anywhere]">
        {me && (
          <>
            The account of <bdi>{me.user.name}</bdi> has the address{" "}
            <strong className="font-semibold">{me.user.email}</strong> now.{" "}
          </>
        )}
        From now on you sign in with it, and our mails go there. {OTHERS_SIGNED_OUT}
      </p>
      <Onward />
    </Door>
  );
}

function Onward() {
  return (
    <Link to={paths.overview()} className={buttonLook("strong", "min-h-11")}>
      Go to the dashboard
    </Link>
  );
}

function FirstSignIn() {
  return (
    <>
      <p>Sign in to the account that asked for it, with the address it has now. You come back here.</p>
      <Link to={paths.signIn({ returnTo: paths.confirmEmail() })} className={buttonLook("strong", "min-h-11")}>
        Sign in
      </Link>
    </>
  );
}

function OfAnother() {
  const navigate = useNavigate();
  return (
    <Door title="Confirm your new address">
      <p role="status" className="rounded-inner bg-late-soft px-3 py-2 text-late">
        The link is about another account than the one you are signed in to. Nothing was changed.
      </p>
      <Button
        look="strong"
        className="min-h-11"
        onClick={() => void navigate(paths.signOut({ returnTo: paths.confirmEmail() }), signingOut())}
      >
        Sign out and use the other account
      </Button>
      <p className="text-quiet">If you did not ask for this, there is nothing to do.</p>
    </Door>
  );
}
