/** Who one is, and a password. The zone and language are the browser's, to be changed later. */
import { act, client } from "../api/client";
import { Problem } from "../api/problem";
import { browserLocale, browserTimeZone } from "../reader";
import { Button } from "../ui/Button";
import { PasswordField, TextField } from "../ui/Field";
import { FormProblem, bind, useKeptForm } from "./form";
import { email, name, newPassword, z } from "./rules";

export interface SigningUp {
  name: string;
  email: string;
  password: string;
}

const RULES = z.object({ name: name("your name"), email, password: newPassword });

interface Props {
  /** As it was typed before, when the address was wrong. */
  values?: SigningUp | undefined;
  sent: (values: SigningUp) => void;
}

export function SignUpForm({ values, sent }: Props) {
  const { form, submit, busy } = useKeptForm({
    rules: RULES,
    values: values ?? { name: "", email: "", password: "" },
    fleeting: true,
    save: async (signingUp) => {
      await signUp(signingUp);
      sent(signingUp);
    },
  });
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormProblem form={form} />
      <TextField label="Your name" autoComplete="name" autoFocus {...bind(form, "name")} />
      <TextField
        label="E-mail address"
        type="email"
        autoComplete="username"
        help="We write to it once, to see that it is yours."
        {...bind(form, "email")}
      />
      <PasswordField
        label="Password"
        autoComplete="new-password"
        help="At least 8 characters. A few words in a row are good; common passwords are refused."
        {...bind(form, "password")}
      />
      <Button look="strong" type="submit" disabled={busy} className="min-h-11">
        Create the account
      </Button>
    </form>
  );
}

export async function signUp(signingUp: SigningUp) {
  const send = (body: SigningUp & { time_zone?: string; locale?: string }) =>
    act(() => client.POST("/api/auth/signup", { body }));
  try {
    await send({ ...signingUp, time_zone: browserTimeZone(), locale: browserLocale() });
  } catch (error) {
    const isBrowsers = error instanceof Problem && error.errors.some(({ field }) => BROWSERS.includes(field));
    if (!isBrowsers) throw error;
    // Nobody typed them: without them the api takes UTC and en-US.
    await send(signingUp);
  }
}

const BROWSERS = ["time_zone", "locale"];
