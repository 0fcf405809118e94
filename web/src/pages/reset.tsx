/**
 * Chooses a new password with the link of a mail. It takes an account back from whoever else may be
 * in it, so more ends than the password before; what ends and what stays is said first.
 */
import { useState } from "react";
import { Link } from "react-router";
import { act, client } from "../api/client";
import { takeMailToken } from "../api/mailLink";
import { isKind } from "../api/problem";
import { FormProblem, bind, useKeptForm } from "../forms/form";
import { newPassword, z } from "../forms/rules";
import { paths } from "../paths";
import { Button, buttonLook } from "../ui/Button";
import { PasswordField } from "../ui/Field";
import { Door } from "./door/Door";
import { LinkOver } from "./door/LinkOver";
import { useMailToken } from "./door/useMailToken";

export { takeMailToken as ask };

const RULES = z.object({ password: newPassword });

export function Reset() {
  const token = useMailToken();
  const [became, setBecame] = useState<"over" | "changed" | null>(null);
  const { form, submit, busy } = useKeptForm({
    rules: RULES,
    values: { password: "" },
    fleeting: true,
    save: async ({ password }) => {
      try {
        await act(() => client.POST("/api/auth/password/reset", { body: { token: token ?? "", password } }));
        setBecame("changed");
      } catch (error) {
        if (!isKind(error, "link-over")) throw error;
        setBecame("over");
      }
    },
  });
  if (became === "changed") return <Changed />;
  if (!token || became === "over") {
    const action = (
      <Link to={paths.forgotten()} className={buttonLook("strong", "min-h-11")}>
        Ask for another link
      </Link>
    );
    return <LinkOver used={became === "over"} action={action} otherwise="Remembered it?" />;
  }
  return (
    <Door title="Choose a new password">
      <div className="flex flex-col gap-1 text-quiet">
        <p>
          Every browser and program is signed out by it, the API keys you made are revoked, and logins at Google or
          GitHub under another address are unlinked.
        </p>
        <p>Members, invitations and businesses stay as they are, and so does your second step.</p>
      </div>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <FormProblem form={form} />
        {/* Whose it is only the link knows; password managers want the field all the same. */}
        <input type="text" name="username" autoComplete="username" readOnly hidden />
        <PasswordField
          label="New password"
          autoComplete="new-password"
          autoFocus
          help="At least 8 characters. Common passwords are refused."
          {...bind(form, "password")}
        />
        <Button look="strong" type="submit" disabled={busy} className="min-h-11">
          Change the password
        </Button>
      </form>
    </Door>
  );
}

function Changed() {
  return (
    <Door title="Your password is changed">
      <p role="status">
        Wherever you were signed in, you are signed out now, and the API keys you made are revoked: programs that used
        one need a new key. Members and invitations are as they were.
      </p>
      <Link to={paths.signIn()} className={buttonLook("strong", "min-h-11")}>
        Sign in
      </Link>
    </Door>
  );
}
