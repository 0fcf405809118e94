/** Keys for programs: what each may do, how long, and when it was last used. A key is shown once. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { act, client } from "../../api/client";
import { may, mayHere, useMe } from "../../api/me";
import { askAhead } from "../../api/queries";
import { serverNow } from "../../api/serverClock";
import { type Key, keysQuery } from "../../api/settings";
import { KeyForm } from "../../forms/KeyForm";
import { problemWords } from "../../forms/problemWords";
import { scopeWords } from "../../forms/scopeWords";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { ConfirmDialog, Dialog } from "../../ui/Dialog";
import { Mark } from "../../ui/Mark";
import { useHandOver } from "../../ui/Panel";
import { longDay, moment } from "../../ui/time";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "./Loaded";
import { OwnersOnly } from "./OwnersOnly";

export function ask(queries: QueryClient) {
  return mayHere(queries, "own") ? askAhead(queries.query(keysQuery())) : null;
}

export function Keys() {
  return (
    <>
      <PageHead title="API keys" />
      {may(useMe(), "own") ? <AllKeys /> : <OwnersOnly what="The API keys" />}
    </>
  );
}

function AllKeys() {
  const queries = useQueryClient();
  const keys = useQuery(keysQuery());
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Made | null>(null);
  return (
    <>
      <Loaded
        title="Keys"
        hint="for programs that ask the API on this account's behalf"
        query={keys}
        control={
          <Button look="text" className="text-xs" onClick={() => setMaking(true)}>
            New key
          </Button>
        }
      >
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-quiet">
              None yet. A program sends one as <code className="font-mono">Authorization: Bearer …</code>; the API is
              described at <code className="font-mono">/api/openapi.json</code>.
            </p>
          ) : (
            <ul className="flex flex-col">
              {items.map((key) => (
                <li key={key.id} className="border-t border-line py-2.5 first:border-t-0 first:pt-0 last:pb-0">
                  <OneKey apiKey={key} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {making && (
        <Dialog title="A new key" close={() => setMaking(false)}>
          <KeyForm
            cancel={() => setMaking(false)}
            made={(key) => {
              setMaking(false);
              setMade(key);
              void queries.invalidateQueries({ queryKey: keysQuery().queryKey });
            }}
          />
        </Dialog>
      )}
      {made && <Shown made={made} close={() => setMade(null)} />}
    </>
  );
}

interface Made {
  name: string;
  key: string;
}

/** Leaving by accident would lose it, so only the button closes this. */
function Shown({ made: { name, key }, close }: { made: Made; close: () => void }) {
  return (
    <Dialog title={`The key “${name}”`}>
      <p>Keep it where you keep passwords: it is shown now and never again.</p>
      <p className="flex flex-col items-start gap-2 rounded-inner bg-sunken p-4">
        <code className="font-mono text-xs [overflow-wrap:anywhere]">{key}</code>
        <Copy text={key} does="Copy the key" />
      </p>
      <Button look="strong" onClick={close}>
        I have kept it
      </Button>
    </Dialog>
  );
}

function OneKey({ apiKey }: { apiKey: Key }) {
  const queries = useQueryClient();
  const row = useHandOver<HTMLDivElement>();
  const [revoking, setRevoking] = useState(false);
  const now = new Date(serverNow());
  const isOver = apiKey.expires_at !== null && Date.parse(apiKey.expires_at) <= now.getTime();
  return (
    <div ref={row} className="flex items-center justify-between gap-4">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          <bdi className="[overflow-wrap:anywhere]">{apiKey.name}</bdi>
          {isOver && <Mark tone="late">Expired</Mark>}
        </p>
        <p className="text-xs text-quiet [overflow-wrap:anywhere]">
          <code className="font-mono">{apiKey.prefix}…</code> {scopeWords(apiKey.scopes)}
        </p>
        <p className="figures text-xs text-quiet">
          {apiKey.used_at ? `Last used ${moment(apiKey.used_at, now)}` : "Never used"}
          {apiKey.expires_at
            ? `, ${isOver ? "expired" : "expires"} ${longDay(apiKey.expires_at)}`
            : ", does not expire"}
        </p>
      </div>
      <Button onClick={() => setRevoking(true)} aria-label={`Revoke key ${apiKey.name}`}>
        Revoke
      </Button>
      {revoking && (
        <ConfirmDialog
          title={`Revoke “${apiKey.name}”?`}
          does="Revoke the key"
          close={() => setRevoking(false)}
          words={problemWords}
          confirm={async () => {
            await act(() => client.DELETE("/api/keys/{id}", { params: { path: { id: apiKey.id } } }));
            await queries.invalidateQueries({ queryKey: keysQuery().queryKey });
            setRevoking(false);
          }}
        >
          <p>Programs that use it are refused from now on. A revoked key cannot be brought back.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
