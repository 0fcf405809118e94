/** Everything we have about an account, to take away; and the end of it. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { act, client } from "../../api/client";
import { askWhoIAm, may, mayHere, useMe } from "../../api/me";
import { isKind } from "../../api/problem";
import { askAhead } from "../../api/queries";
import { serverNow } from "../../api/serverClock";
import { type Export, exportsQuery } from "../../api/settings";
import { STAYS } from "../../forms/endingWords";
import { problemWords } from "../../forms/problemWords";
import { Button } from "../../ui/Button";
import { ConfirmDialog } from "../../ui/Dialog";
import { bytes } from "../../ui/figures";
import { Mark, type Tone } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { longDay, moment } from "../../ui/time";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "./Loaded";

export function ask(queries: QueryClient) {
  return mayHere(queries, "own") ? askAhead(queries.query(exportsQuery())) : null;
}

export function YourData() {
  const me = useMe();
  return (
    <>
      <PageHead title="Your data" />
      {may(me, "own") ? <Exports /> : <ExportElsewhere />}
      <Deletion />
    </>
  );
}

function Exports() {
  const queries = useQueryClient();
  const exports = useQuery(exportsQuery());
  const [failure, setFailure] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const making = exports.data?.items.some(({ state }) => state === "making");

  async function make() {
    setFailure(null);
    setAsking(true);
    try {
      await act(() => client.POST("/api/users/export"));
    } catch (error) {
      // Asked for elsewhere, or a moment ago: it is what was wanted, and the list shows it.
      if (!isKind(error, "export-being-made")) setFailure(problemWords(error));
    }
    await queries.invalidateQueries({ queryKey: exportsQuery().queryKey });
    setAsking(false);
  }

  return (
    <Loaded title="Export" hint="calls, transcripts, businesses, payments and settings" query={exports}>
      {({ items }) => (
        <div className="flex flex-col gap-4">
          <p className="text-quiet">
            One file has everything as it happened (CloudEvents, one JSON object a line); the others are tables (CSV).
            It takes a minute or so, and the links work for a few days.
          </p>
          {failure && (
            <p role="alert" className="text-bad">
              {failure}
            </p>
          )}
          <Button className="self-start" disabled={asking || making === true} onClick={() => void make()}>
            Make an export
          </Button>
          {items.length > 0 && (
            <ul className="flex flex-col" aria-live="polite">
              {items.map((one) => (
                <li key={one.id} className="border-t border-line py-2.5 last:pb-0">
                  <OneExport one={one} />
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </Loaded>
  );
}

/** An export is of the account that is acted for, and its owner's alone. */
function ExportElsewhere() {
  return (
    <Panel title="Export">
      <p className="text-quiet">Go over to your own account to export what is yours.</p>
    </Panel>
  );
}

const STATES: Partial<Record<string, { words: string; tone: Tone }>> = {
  making: { words: "Being made", tone: "plain" },
  ready: { words: "Ready", tone: "good" },
  failed: { words: "Failed", tone: "bad" },
  expired: { words: "Links are over", tone: "quiet" },
};

function OneExport({ one }: { one: Export }) {
  const { words, tone } = STATES[one.state] ?? { words: one.state, tone: "plain" as const };
  return (
    <div className="flex flex-col gap-1.5">
      <p className="flex flex-wrap items-center gap-2">
        <span className="figures font-medium">Asked for {moment(one.requested_at, new Date(serverNow()))}</span>
        <Mark tone={tone}>{words}</Mark>
        {one.state === "ready" && one.expires_at && (
          <span className="text-xs text-quiet">until {longDay(one.expires_at)}</span>
        )}
      </p>
      {one.failure && <p className="text-bad [overflow-wrap:anywhere]">{one.failure}</p>}
      {one.state === "ready" && (
        <ul className="flex flex-col gap-1">
          {one.files.map((file) => (
            <li key={file.name}>
              <a href={file.href} download={file.name} className="text-link underline [overflow-wrap:anywhere]">
                {file.name}
              </a>{" "}
              <span className="text-xs text-quiet">{bytes(file.bytes)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Deletion() {
  const me = useMe();
  const queries = useQueryClient();
  const [asked, setAsked] = useState(false);
  const { email, deletion_due_at } = me.user;
  if (deletion_due_at) {
    return (
      <Panel title="Delete your account">
        <p>It will be deleted on {longDay(deletion_due_at)}. Until then “Keep my account” above takes that back.</p>
      </Panel>
    );
  }
  return (
    <Panel title="Delete your account">
      <div className="flex flex-col items-start gap-3">
        <p className="text-quiet">
          For 30 days nothing changes, and you can change your mind. Then the account ends: nobody signs in to it any
          more, your businesses are closed and their numbers released, and your name, your address, what the
          businesses say and their voice samples are erased. {STAYS} Download your data before.
        </p>
        <Button look="danger" onClick={() => setAsked(true)}>
          Delete my account
        </Button>
      </div>
      {asked && (
        <ConfirmDialog
          title="Delete your account?"
          does="Delete my account"
          typed={email}
          close={() => setAsked(false)}
          words={problemWords}
          confirm={async () => {
            await act(() => client.DELETE("/api/users/account", { body: { email } }));
            await askWhoIAm(queries);
            setAsked(false);
          }}
        >
          <p>
            In 30 days your own account ends with its businesses, for its members too. Accounts you are only a member of
            stay. {STAYS} Make an export first if you may want any of it.
          </p>
        </ConfirmDialog>
      )}
    </Panel>
  );
}
