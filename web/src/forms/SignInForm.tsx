/** E-mail address and password; then, for whoever has set it up, the code of the second factor. */
import { useState } from "react";
import { useWatch } from "react-hook-form";
import { act, client } from "../api/client";
import type { Me } from "../api/me";
import { isKind } from "../api/problem";
import { Button } from "../ui/Button";
import { PasswordField, TextField } from "../ui/Field";
import { FormProblem, bind, useKeptForm } from "./form";
import { problemWords } from "./problemWords";
import { returnWords } from "./returnWords";
import { code, email, password, z } from "./rules";

interface Credentials {
  email: string;
  password: string;
}

interface Props {
  signedIn: (me: Me) => void;
  /** As it is known already; empty where it is not. */
  email: string;
  /** The first step was taken at a provider; only the code is missing. */
  onlyCode: boolean;
  /** From there back to the first step. */
  again: () => void;
  /** Under the fields: the way to a new password, for the address typed so far. */
  forgotten: (email: string) => React.ReactNode;
}

export function SignInForm({ signedIn, email: given, onlyCode, again, forgotten }: Props) {
  const [known, setKnown] = useState<Credentials | null>(null);
  const [email, setEmail] = useState(given);
  if (known) {
    return (
      <CodeForm
        send={async (code) => signedIn(await signIn({ ...known, code }))}
        back={() => {
          setEmail(known.email);
          setKnown(null);
        }}
      />
    );
  }
  if (onlyCode) return <CodeForm send={async (code) => signedIn(await takeCode(code))} back={again} />;
  return <PasswordForm {...{ signedIn, forgotten, email }} codeNeeded={setKnown} />;
}

const RULES = z.object({ email, password });

interface PasswordProps extends Pick<Props, "signedIn" | "forgotten"> {
  codeNeeded: (credentials: Credentials) => void;
  /** As it was typed before. */
  email: string;
}

function PasswordForm({ signedIn, codeNeeded, forgotten, email: typed }: PasswordProps) {
  const { form, submit, busy } = useKeptForm({
    rules: RULES,
    values: { email: typed, password: "" },
    fleeting: true,
    save: async (credentials) => {
      try {
        signedIn(await signIn(credentials));
      } catch (error) {
        if (!isKind(error, "code-needed")) throw error;
        codeNeeded(credentials);
      }
    },
    words: (error) =>
      isKind(error, "wrong-credentials")
        ? "The e-mail address or the password is not right. Passwords tell capital letters from small ones."
        : tooOftenWords(error) ?? refusedWords(error),
  });
  const help = forgotten(useWatch({ control: form.control, name: "email" }));
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormProblem form={form} />
      <TextField label="E-mail address" type="email" autoComplete="username" autoFocus {...bind(form, "email")} />
      <PasswordField label="Password" autoComplete="current-password" help={help} {...bind(form, "password")} />
      <Button look="strong" type="submit" disabled={busy} className="min-h-11">
        Sign in
      </Button>
    </form>
  );
}

interface CodeProps {
  send: (code: string) => Promise<void>;
  back: () => void;
}

const CODE_RULES = z.object({ code });

function CodeForm({ send, back }: CodeProps) {
  const [recovery, setRecovery] = useState(false);
  const { form, submit, busy } = useKeptForm({
    rules: CODE_RULES,
    values: { code: "" },
    fleeting: true,
    save: ({ code }) => send(code),
    words: (error) => codeWords(error, recovery),
  });
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormProblem form={form} />
      {recovery ? (
        <TextField
          key="recovery"
          label="Recovery code"
          autoComplete="off"
          spellCheck={false}
          autoCapitalize="none"
          autoFocus
          help="One of those you kept when you set up the second step."
          {...bind(form, "code")}
        />
      ) : (
        <TextField
          key="app"
          label="Code from your authenticator app"
          inputMode="numeric"
          autoComplete="one-time-code"
          autoFocus
          className="figures tracking-widest"
          {...bind(form, "code")}
        />
      )}
      <Button look="strong" type="submit" disabled={busy} className="min-h-11">
        Sign in
      </Button>
      <div className="flex flex-wrap justify-between gap-x-4 gap-y-2">
        <Button
          look="text"
          onClick={() => {
            form.reset();
            setRecovery(!recovery);
          }}
        >
          {recovery ? "Use the app's code" : "Use a recovery code"}
        </Button>
        <Button look="text" onClick={back}>
          Back
        </Button>
      </div>
    </form>
  );
}

function codeWords(error: unknown, recovery: boolean) {
  if (isKind(error, "unauthorised")) return "That took too long. Go back, and sign in once more.";
  if (!isKind(error, "wrong-credentials", "code-needed")) return refusedWords(error);
  return recovery
    ? "This recovery code is not right, or it was used before: each works once."
    : "This code is not right. The app shows a new one every 30 seconds, and each works once.";
}

/** Others may have guessed at it: nobody who reads the mailbox is kept out by that. */
function tooOftenWords(error: unknown) {
  return isKind(error, "too-many") ? `${problemWords(error)} Or choose a new password by mail.` : null;
}

/** Nothing that is entered would help. Inside, the same problem is about what is done there. */
export function refusedWords(error: unknown) {
  return isKind(error, "suspended") ? returnWords(error.kind) : null;
}

function takeCode(code: string): Promise<Me> {
  return act(() => client.POST("/api/auth/login/code", { body: { code } }));
}

export function signIn(body: Credentials & { code?: string }): Promise<Me> {
  return act(() => client.POST("/api/auth/login", { body }));
}
