/** Proves a new address of an account, by a press of a button: programs that look through mail open links too. */
import { useState } from "react";
import { Link } from "react-router";
import { act, client } from "../api/client";
import { takeMailToken } from "../api/mailLink";
import { isKind } from "../api/problem";
import { FormProblem, useKeptForm } from "../forms/form";
import { z } from "../forms/rules";
import { paths } from "../paths";
import { Button, buttonLook } from "../ui/Button";
import { Door } from "./door/Door";
import { LinkOver } from "./door/LinkOver";
import { useMailToken } from "./door/useMailToken";

export { takeMailToken as ask };

const RULES = z.object({});

export function ConfirmEmail() {
  const token = useMailToken();
  const [became, setBecame] = useState<"over" | "changed" | null>(null);
  const { form, submit, busy } = useKeptForm({
    rules: RULES,
    values: {},
    save: async () => {
      try {
        await act(() => client.POST("/api/users/email/confirm", { body: { token: token ?? "" } }));
        setBecame("changed");
      } catch (error) {
        if (!isKind(error, "link-over")) throw error;
        setBecame("over");
      }
    },
    words: (error) =>
      isKind(error, "address-taken") ? "Another account has this address by now, so yours keeps the one it had." : null,
  });
  const onward = (
    <Link to={paths.overview()} className={buttonLook("strong", "min-h-11")}>
      Go to the dashboard
    </Link>
  );
  if (became === "changed") {
    return (
      <Door title="Your address is changed">
        <p role="status">From now on you sign in with it, and our mails go there.</p>
        {onward}
      </Door>
    );
  }
  if (!token || became === "over") {
    return (
      <LinkOver
        used={became === "over"}
        action={onward}
        otherwise="You can ask for another link under Settings, Profile."
      />
    );
  }
  return (
    <Door title="Confirm your new address">
      <p className="text-quiet">Until you do, your account keeps the address it has.</p>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <FormProblem form={form} />
        <Button look="strong" type="submit" disabled={busy} className="min-h-11">
          Confirm my address
        </Button>
      </form>
    </Door>
  );
}
