/** Providers a person can sign in through. One of the ways in always stays. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { act, client } from "../../../api/client";
import { isKind } from "../../../api/problem";
import { type Identity, type Provider, identitiesQuery, offerQuery, sessionsQuery } from "../../../api/settings";
import { problemWords } from "../../../forms/problemWords";
import { providerName } from "../../../forms/providerWords";
import { OTHERS_SIGNED_OUT } from "../../../forms/signedOutWords";
import { Button } from "../../../ui/Button";
import { ConfirmDialog } from "../../../ui/Dialog";
import { longDay } from "../../../ui/time";
import { Loaded } from "../Loaded";

export function Logins() {
  const identities = useQuery(identitiesQuery());
  const offered = useQuery(offerQuery()).data?.providers ?? [];
  return (
    <Loaded title="Linked logins" query={identities} tall="h-20">
      {({ items }) => <Providers linked={items} offered={offered} />}
    </Loaded>
  );
}

function Providers({ linked, offered }: { linked: Identity[]; offered: Provider[] }) {
  const providers = [...new Set([...offered, ...linked.map(({ provider }) => provider)])];
  if (providers.length === 0) return <p className="text-quiet">This Frontdesk offers none.</p>;
  return (
    <ul className="flex flex-col">
      {providers.map((provider) => (
        <li key={provider} className="border-t border-line py-2.5 first:border-t-0 first:pt-0 last:pb-0">
          <OneProvider provider={provider} linked={linked.find((one) => one.provider === provider)} />
        </li>
      ))}
    </ul>
  );
}

function OneProvider({ provider, linked }: { provider: Provider; linked: Identity | undefined }) {
  const [unlinking, setUnlinking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const name = providerName(provider);

  async function link() {
    // A second linking would make the first one's way back worth nothing.
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      const { location } = await act(() =>
        client.POST("/api/auth/identities/{provider}/link", { params: { path: { provider } } }),
      );
      window.location.assign(location);
    } catch (error) {
      setFailure(problemWords(error));
    }
    setBusy(false);
  }

  return (
    <div className="flex items-center justify-between gap-4">
      <div className="min-w-0">
        <p className="font-medium">{name}</p>
        <p className="text-xs text-quiet [overflow-wrap:anywhere]">
          {linked
            ? `${linked.email}, ${linked.used_at ? `last used ${longDay(linked.used_at)}` : `linked ${longDay(linked.linked_at)}`}`
            : "Not linked"}
        </p>
        {failure && (
          <p role="alert" className="text-xs text-bad">
            {failure}
          </p>
        )}
      </div>
      {linked ? (
        <Button onClick={() => setUnlinking(true)} aria-label={`Unlink ${name}`}>
          Unlink
        </Button>
      ) : (
        <Button onClick={() => void link()} aria-label={`Link ${name}`}>
          Link
        </Button>
      )}
      {unlinking && <Unlink provider={provider} close={() => setUnlinking(false)} />}
    </div>
  );
}

function Unlink({ provider, close }: { provider: Provider; close: () => void }) {
  const queries = useQueryClient();
  const name = providerName(provider);
  return (
    <ConfirmDialog
      title={`Unlink ${name}?`}
      does="Unlink it"
      close={close}
      words={(error) =>
        isKind(error, "last-login")
          ? "It is the only way you can sign in. Set a password first, then unlink it."
          : problemWords(error)
      }
      confirm={async () => {
        await act(() => client.DELETE("/api/auth/identities/{provider}", { params: { path: { provider } } }));
        void queries.invalidateQueries({ queryKey: sessionsQuery().queryKey });
        await queries.invalidateQueries({ queryKey: identitiesQuery().queryKey });
        close();
      }}
    >
      <p>
        You can no longer sign in through it. Your account at {name} is not touched. {OTHERS_SIGNED_OUT}
      </p>
    </ConfirmDialog>
  );
}
