/**
 * Proves the address of a sign-up. By a press of a button, for programs that look through mail
 * open links too. In another browser than the one that signed up, the link alone proves nothing:
 * then the password chosen there is asked for.
 */
import { useState } from "react";
import { Link } from "react-router";
import { act, client } from "../api/client";
import { takeMailToken } from "../api/mailLink";
import { isKind } from "../api/problem";
import { FormProblem, bind, useKeptForm } from "../forms/form";
import { password, z } from "../forms/rules";
import { paths } from "../paths";
import { Button, buttonLook } from "../ui/Button";
import { PasswordField } from "../ui/Field";
import { Door } from "./door/Door";
import { LinkOver } from "./door/LinkOver";
import { useMailToken } from "./door/useMailToken";
import { useSignedIn } from "./signIn";

export { takeMailToken as ask };

export function Verify() {
  const token = useMailToken();
  const [over, setOver] = useState(false);
  const again = (
    <Link to={paths.signUp()} className={buttonLook("strong", "min-h-11")}>
      Sign up again
    </Link>
  );
  if (!token || over)
    return <LinkOver used={over} action={again} otherwise="Were you here before? Then just sign in." />;
  return <Confirm key={token} token={token} over={() => setOver(true)} />;
}

const HERE = z.object({ password: z.string() });
const ELSEWHERE = z.object({ password });

function Confirm({ token, over }: { token: string; over: () => void }) {
  const signedIn = useSignedIn(paths.overview());
  const [elsewhere, setElsewhere] = useState(false);
  const { form, submit, busy } = useKeptForm({
    rules: elsewhere ? ELSEWHERE : HERE,
    values: { password: "" },
    fleeting: true,
    save: async ({ password }) => {
      try {
        signedIn(
          await act(() => client.POST("/api/auth/verify-email", { body: { token, ...(password && { password }) } })),
        );
      } catch (error) {
        if (isKind(error, "link-over")) over();
        else if (isKind(error, "password-needed") && !password) setElsewhere(true);
        else throw error;
      }
    },
    words: (error) =>
      isKind(error, "wrong-credentials", "password-needed") ? "This is not the password chosen at the sign-up." : null,
  });
  return (
    <Door title="Confirm your address">
      <p className="text-quiet">
        {elsewhere
          ? "This is not the browser you signed up with. Enter the password you chose there, and you are in."
          : "One press, and your account is ready."}
      </p>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <FormProblem form={form} />
        {elsewhere && (
          <>
            <input type="text" name="username" autoComplete="username" readOnly hidden />
            <PasswordField label="Password" autoComplete="current-password" autoFocus {...bind(form, "password")} />
          </>
        )}
        <Button look="strong" type="submit" disabled={busy} className="min-h-11">
          Confirm my address
        </Button>
      </form>
    </Door>
  );
}
