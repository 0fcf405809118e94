/** A forgotten password: asks where to write. The answer is the same whether there is an account or not. */
import { Link } from "react-router";
import { act, client } from "../api/client";
import { FormProblem, bind, useKeptForm } from "../forms/form";
import { email, z } from "../forms/rules";
import { paths } from "../paths";
import { Button } from "../ui/Button";
import { TextField } from "../ui/Field";
import { CheckMail } from "./door/CheckMail";
import { DOOR_LINK, Door, Elsewhere } from "./door/Door";
import { useSentTo } from "./door/sentTo";
import { useTyped } from "./door/typed";

const RULES = z.object({ email });

export function Forgotten() {
  const [sentTo, keepSentTo] = useSentTo();
  const typed = useTyped();
  const { form, submit, busy } = useKeptForm({
    rules: RULES,
    values: { email: sentTo?.email ?? typed },
    fleeting: true,
    save: async (body) => {
      await act(() => client.POST("/api/auth/password/forgot", { body }));
      await keepSentTo(body);
    },
  });
  if (sentTo) {
    return (
      <Door title="Check your mail">
        <CheckMail
          email={sentTo.email}
          otherwise={
            <Button look="text" onClick={() => void keepSentTo(null)}>
              Send it again or to another address
            </Button>
          }
        >
          If there is an account with this address, the mail has a link to choose a new password.
        </CheckMail>
      </Door>
    );
  }
  return (
    <Door title="Forgotten your password?">
      <p className="text-quiet">We write you a link to choose a new one.</p>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <FormProblem form={form} />
        <TextField label="E-mail address" type="email" autoComplete="username" autoFocus {...bind(form, "email")} />
        <Button look="strong" type="submit" disabled={busy} className="min-h-11">
          Send me a link
        </Button>
      </form>
      <Elsewhere>
        <Link to={paths.signIn()} className={DOOR_LINK}>
          Back to signing in
        </Link>
      </Elsewhere>
    </Door>
  );
}
