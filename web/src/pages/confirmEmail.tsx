/**
 * Proves a new address of an account, by a press of a button: programs that look through mail open
 * links too. The api says neither address nor account before it is proven, for the link alone may
 * be in anybody's hands; in the browser of the person it is said afterwards.
 */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { act, client } from "../api/client";
import { takeMailToken } from "../api/mailLink";
import { type Me, meQuery } from "../api/me";
import { isKind } from "../api/problem";
import { wasSignedIn } from "../api/session";
import { FormProblem, useKeptForm } from "../forms/form";
import { z } from "../forms/rules";
import { paths } from "../paths";
import { Button, buttonLook } from "../ui/Button";
import { Door, Elsewhere } from "./door/Door";
import { LinkOver } from "./door/LinkOver";
import { useMailToken } from "./door/useMailToken";

export { takeMailToken as ask };

const RULES = z.object({});

export function ConfirmEmail() {
  const token = useMailToken();
  const queries = useQueryClient();
  const [became, setBecame] = useState<"over" | "changed" | null>(null);
  const [whose, setWhose] = useState<Me["user"] | null>(null);
  const { form, submit, busy } = useKeptForm({
    rules: RULES,
    values: {},
    save: async () => {
      try {
        const before = await whoIsHere(queries);
        await act(() => client.POST("/api/users/email/confirm", { body: { token: token ?? "" } }));
        const after = await whoIsHere(queries);
        if (after && before?.id === after.id && before.email !== after.email) setWhose(after);
        setBecame("changed");
      } catch (error) {
        if (!isKind(error, "link-over")) throw error;
        setBecame("over");
      }
    },
    words: (error) =>
      isKind(error, "address-taken") ? "Another account has this address by now, so yours keeps the one it had." : null,
  });
  if (became === "changed") return <Changed whose={whose} />;
  if (!token || became === "over") {
    return (
      <LinkOver
        used={became === "over"}
        action={<Onward />}
        otherwise="You can ask for another link under Settings, Profile."
      />
    );
  }
  return (
    <Door title="Confirm your new address">
      <p className="text-quiet">
        The address this mail came to becomes that of the account that asked for it. Until you confirm, the account
        keeps the one it has.
      </p>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <FormProblem form={form} />
        <Button look="strong" type="submit" disabled={busy} className="min-h-11">
          Confirm my address
        </Button>
      </form>
      <Elsewhere>
        You did not ask for this? Then do not press. Nothing changes: somebody may have mistyped their own address, and
        the link ends by itself.
      </Elsewhere>
    </Door>
  );
}

function Changed({ whose }: { whose: Me["user"] | null }) {
  return (
    <Door title="Your address is changed">
      <p role="status" className="[overflow-wrap:anywhere]">
        {whose && (
          <>
            The account of <bdi>{whose.name}</bdi> has the address{" "}
            <strong className="font-semibold">{whose.email}</strong> now.{" "}
          </>
        )}
        From now on you sign in with it, and our mails go there. Other browsers and programs are signed out.
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

/** As the api says at this moment; nobody, where nobody is signed in or it does not answer. */
async function whoIsHere(queries: QueryClient) {
  if (!wasSignedIn()) return null;
  return queries.query({ ...meQuery(), staleTime: 0 }).then(
    ({ user }) => user,
    () => null,
  );
}
