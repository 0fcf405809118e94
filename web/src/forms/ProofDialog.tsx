/**
 * Asks who is at the keyboard before something dangerous, then lets it go on. Whoever has
 * neither password nor second factor proves it by signing in at their provider again.
 */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useState } from "react";
import { useLocation } from "react-router";
import { act, client } from "../api/client";
import { askWhoIAm, meQuery, useMe } from "../api/me";
import { isKind } from "../api/problem";
import { endProof, useProofWanted } from "../api/proof";
import { serverNow } from "../api/serverClock";
import { identitiesQuery } from "../api/settings";
import { paths } from "../paths";
import { Button, buttonLook } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { PasswordField, TextField } from "../ui/Field";
import { FormProblem, bind, useKeptForm } from "./form";
import { providerName } from "./providerWords";
import { code, password, z } from "./rules";

export function ProofDialog() {
  const wanted = useProofWanted();
  const me = useMe();
  // Nobody can answer once this is gone, and whoever waits must not wait for ever.
  useEffect(() => () => endProof(false), []);
  if (!wanted) return null;
  return (
    <Dialog title="Is it you?" close={() => endProof(false)}>
      {me.has_password || me.second_factor ? (
        <Prove withCode={me.second_factor} />
      ) : (
        <ByProvider />
      )}
    </Dialog>
  );
}

const BY_PASSWORD = z.object({ secret: password });
const BY_CODE = z.object({ secret: code });

/** Where signing in wants a code, so does this: the password alone is not enough there. */
function Prove({ withCode }: { withCode: boolean }) {
  return (
    <>
      <p className="text-quiet">Before something like this we ask once more who you are; then not for a while.</p>
      <ProofForm withCode={withCode} />
    </>
  );
}

function ProofForm({ withCode }: { withCode: boolean }) {
  const queries = useQueryClient();
  const { form, submit, busy } = useKeptForm({
    rules: withCode ? BY_CODE : BY_PASSWORD,
    values: { secret: "" },
    fleeting: true,
    save: async ({ secret }) => {
      await act(() => client.POST("/api/auth/prove", { body: withCode ? { code: secret } : { password: secret } }));
      endProof(true);
      // It may have been a recovery code, and one less is left.
      if (withCode) void askWhoIAm(queries);
    },
    words: (error) =>
      isKind(error, "wrong-credentials", "code-needed") ? `This ${withCode ? "code" : "password"} is not right.` : null,
  });
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormProblem form={form} />
      {withCode ? (
        <TextField
          label="Code from your authenticator app, or a recovery code"
          autoComplete="one-time-code"
          autoFocus
          {...bind(form, "secret")}
        />
      ) : (
        <PasswordField label="Your password" autoComplete="current-password" autoFocus {...bind(form, "secret")} />
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={() => endProof(false)}>Cancel</Button>
        <Button look="strong" type="submit" disabled={busy}>
          Continue
        </Button>
      </div>
    </form>
  );
}

function ByProvider() {
  const identities = useQuery(identitiesQuery());
  const { pathname } = useLocation();
  const queries = useQueryClient();
  const [left, setLeft] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  /** Whoever comes back without having signed in is told so only when they say that they have. */
  async function look(isSaid: boolean) {
    setFailure(null);
    await askWhoIAm(queries);
    const me = queries.getQueryData(meQuery().queryKey);
    if (me?.session && Date.parse(me.session.proven_until) > serverNow()) endProof(true);
    else if (isSaid) setFailure("Your provider has not told us yet. Sign in there, and come back.");
  }

  const cameBack = useEffectEvent(() => {
    if (left && !document.hidden) void look(false);
  });
  useEffect(() => {
    document.addEventListener("visibilitychange", cameBack);
    return () => document.removeEventListener("visibilitychange", cameBack);
  }, []);

  return (
    <>
      <p>
        Sign in at your provider once more. It opens in another tab, so what you typed here stays; come back to this one
        when you are through.
      </p>
      {failure && (
        <p role="alert" className="text-bad">
          {failure}
        </p>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={() => endProof(false)}>Cancel</Button>
        {identities.data?.items.map(({ provider }) => (
          <a
            key={provider}
            href={paths.provider(provider, pathname)}
            target="_blank"
            rel="noreferrer"
            onClick={() => setLeft(true)}
            className={buttonLook(left ? "plain" : "strong")}
          >
            Continue with {providerName(provider)}
          </a>
        ))}
        {left && (
          <Button look="strong" onClick={() => void look(true)}>
            I have signed in
          </Button>
        )}
      </div>
    </>
  );
}
