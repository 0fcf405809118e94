/** The second step of signing in: setting it up, its recovery codes, and turning it off. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { type AnswerOf, act, client } from "../../../api/client";
import type { paths as api } from "../../../api/schema";
import { type Me, askWhoIAm, useMe } from "../../../api/me";
import { sessionsQuery } from "../../../api/settings";
import { FormProblem, bind, useKeptForm } from "../../../forms/form";
import { problemWords } from "../../../forms/problemWords";
import { code, z } from "../../../forms/rules";
import { OTHERS_SIGNED_OUT } from "../../../forms/signedOutWords";
import { Button } from "../../../ui/Button";
import { Copy } from "../../../ui/Copy";
import { ConfirmDialog, Dialog } from "../../../ui/Dialog";
import { TextField } from "../../../ui/Field";
import { Mark } from "../../../ui/Mark";
import { Panel, useHandOver } from "../../../ui/Panel";
import { QrCode } from "../../../ui/QrCode";

type Offered = AnswerOf<api["/api/auth/totp"]["post"]>;

export function SecondStep() {
  const { second_factor } = useMe();
  const queries = useQueryClient();
  const [offered, setOffered] = useState<Offered | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  /** One at a time: a second secret would take the place of the one shown. No button is disabled, or it would lose the focus. */
  async function tried(what: () => Promise<void>) {
    if (busy) return;
    setFailure(null);
    setBusy(true);
    try {
      await what();
    } catch (error) {
      setFailure(problemWords(error));
    }
    setBusy(false);
  }

  return (
    <Panel
      title="Second step"
      hint="a code from an app on your phone, asked for after the password"
      control={second_factor ? <Mark tone="good">On</Mark> : <Mark tone="quiet">Off</Mark>}
    >
      {failure && (
        <p role="alert" className="mb-3 text-bad">
          {failure}
        </p>
      )}
      {second_factor ? (
        <On
          renew={() =>
            tried(async () => {
              setCodes((await act(() => client.POST("/api/auth/totp/recovery-codes"))).recovery_codes);
              void askWhoIAm(queries);
            })
          }
        />
      ) : (
        <Off setUp={() => tried(async () => setOffered(await act(() => client.POST("/api/auth/totp"))))} />
      )}
      {offered && (
        <SetUp
          offered={offered}
          close={() => setOffered(null)}
          confirmed={(recovery) => {
            setOffered(null);
            setCodes(recovery);
            void askWhoIAm(queries);
            void queries.invalidateQueries({ queryKey: sessionsQuery().queryKey });
          }}
        />
      )}
      {codes && <RecoveryCodes codes={codes} close={() => setCodes(null)} />}
    </Panel>
  );
}

function Off({ setUp }: { setUp: () => Promise<void> }) {
  return (
    <div className="flex flex-col items-start gap-3">
      <p className="text-quiet">With it, a password alone opens nothing: whoever guesses or steals it stays outside.</p>
      <Button onClick={() => void setUp()}>Set it up</Button>
    </div>
  );
}

function On({ renew }: { renew: () => Promise<void> }) {
  const { recovery_codes } = useMe();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<"renew" | "off" | null>(null);
  const close = () => setAsked(null);
  const row = useHandOver<HTMLDivElement>();
  return (
    <div ref={row} className="flex flex-col gap-3">
      <p className="text-quiet">Signing in asks for a code. Without your phone, each recovery code opens once.</p>
      {recovery_codes && <CodesLeft {...recovery_codes} />}
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => setAsked("renew")}>New recovery codes</Button>
        <Button look="danger" onClick={() => setAsked("off")}>
          Turn it off
        </Button>
      </div>
      {asked === "renew" && (
        <ConfirmDialog
          harmless
          title="New recovery codes?"
          does="Make new codes"
          close={close}
          words={problemWords}
          confirm={async () => {
            close();
            await renew();
          }}
        >
          <p>The ones you have stop working at once.</p>
        </ConfirmDialog>
      )}
      {asked === "off" && (
        <ConfirmDialog
          title="Turn the second step off?"
          does="Turn it off"
          close={close}
          words={problemWords}
          confirm={async () => {
            await act(() => client.DELETE("/api/auth/totp"));
            void queries.invalidateQueries({ queryKey: sessionsQuery().queryKey });
            await askWhoIAm(queries);
            close();
          }}
        >
          <p>
            From then on your password alone opens your account. Your recovery codes stop working. {OTHERS_SIGNED_OUT}
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}

/** So few that a lost phone could shut its owner out. */
const FEW = 2;

function CodesLeft({ left, of }: NonNullable<Me["recovery_codes"]>) {
  if (left > FEW) return <p className="figures">{`${left} of ${of} recovery codes left`}</p>;
  return (
    <p className="figures rounded-inner bg-late-soft px-3 py-2 text-late">
      <strong className="font-semibold">
        {left === 0 ? "No recovery codes left." : `${left} of ${of} recovery codes left.`}
      </strong>{" "}
      Without your phone and without one you cannot sign in. Make new ones with the button below.
    </p>
  );
}

const RULES = z.object({ code });

interface SetUpProps {
  offered: Offered;
  close: () => void;
  confirmed: (recovery: string[]) => void;
}

function SetUp({ offered, close, confirmed }: SetUpProps) {
  const { form, submit, busy } = useKeptForm({
    rules: RULES,
    values: { code: "" },
    fleeting: true,
    save: async (body) => confirmed((await act(() => client.POST("/api/auth/totp/confirm", { body }))).recovery_codes),
  });
  // When the dialog is open: it gives the focus to the first thing that can be pressed.
  useEffect(() => form.setFocus("code"), [form]);
  return (
    <Dialog title="Set up the second step" close={close}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <p>Scan this with an authenticator app, then enter the code it shows. {OTHERS_SIGNED_OUT}</p>
        <QrCode svg={offered.qr_svg} label="The secret as a picture to scan" />
        <div className="flex flex-col gap-1">
          <p className="text-xs text-quiet">No camera? Type this into the app, or open it on this device:</p>
          <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <code className="font-mono [overflow-wrap:anywhere]">{inFours(offered.secret)}</code>
            <Copy text={offered.secret} does="Copy the secret" />
          </p>
          <a href={offered.uri} className="self-start text-xs text-link underline">
            Open in an app on this device
          </a>
        </div>
        <FormProblem form={form} />
        <TextField
          label="Code from the app"
          inputMode="numeric"
          autoComplete="one-time-code"
          className="figures tracking-widest"
          help="A new one comes every 30 seconds. Your phone's clock must be right."
          {...bind(form, "code")}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button look="strong" type="submit" disabled={busy}>
            Turn it on
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Shown once. Leaving by accident would lose them, so only the button closes this. */
function RecoveryCodes({ codes, close }: { codes: string[]; close: () => void }) {
  const text = codes.join("\n");
  // The button that began it is gone once the second step is on.
  const row = useHandOver<HTMLDivElement>();
  return (
    <Dialog title="Your recovery codes">
      <div ref={row} className="flex flex-col gap-4">
        <p>
          Each opens your account once when your phone is not there. They are shown now and never again: print them, or
          keep them where you keep passwords.
        </p>
        <ul className="grid grid-cols-2 gap-x-4 gap-y-1 rounded-inner bg-sunken p-4 font-mono text-xs">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
        <div className="flex flex-wrap gap-2">
          <Copy look="plain" text={text} does="Copy them" />
          <Button onClick={() => download("frontdesk-recovery-codes.txt", `${text}\n`)}>Download them</Button>
        </div>
        <Button look="strong" onClick={close}>
          I have kept them
        </Button>
      </div>
    </Dialog>
  );
}

function download(name: string, text: string) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

function inFours(secret: string) {
  return secret.match(/.{1,4}/g)?.join(" ") ?? secret;
}
