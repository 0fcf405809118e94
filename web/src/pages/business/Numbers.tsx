/** The phone numbers that ring for a business: give it one, take one back, and what it had before. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import { type Business, assignmentsQuery } from "../../api/businesses";
import { assignNumber, releaseNumber } from "../../api/changes";
import { may, useMe } from "../../api/me";
import { isKind } from "../../api/problem";
import { FormProblem, bind, useKeptForm } from "../../forms/form";
import { problemWords } from "../../forms/problemWords";
import { phoneNumber, z } from "../../forms/rules";
import { paths } from "../../paths";
import { Button, buttonLook } from "../../ui/Button";
import { ConfirmDialog } from "../../ui/Dialog";
import { TextField } from "../../ui/Field";
import { Panel } from "../../ui/Panel";
import { phone } from "../../ui/phone";
import { longDay } from "../../ui/time";
import { Unfold } from "../../ui/Unfold";

export function Numbers({ business }: { business: Business }) {
  const canEdit = may(useMe(), "edit");
  const [leaving, setLeaving] = useState<string | null>(null);
  const [released, setReleased] = useState(0);
  const inService = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The button that was pressed is gone with its number.
    if (released > 0) inService.current?.focus();
  }, [released]);
  return (
    <Panel title="Numbers">
      <div className="flex max-w-form flex-col gap-4">
        <div ref={inService} tabIndex={-1}>
          {business.numbers.length === 0 ? (
            <p className="text-quiet">No number yet: nobody can ring this business until it has one.</p>
          ) : (
            <ul aria-label="In service" className="flex flex-col">
              {business.numbers.map((number) => (
                <li
                  key={number}
                  className="flex min-h-11 items-center justify-between gap-4 border-t border-line first:border-t-0"
                >
                  <span className="figures font-medium">{phone(number)}</span>
                  {canEdit && (
                    <Button
                      look="text"
                      aria-label={`Release number ${phone(number)}`}
                      onClick={() => setLeaving(number)}
                    >
                      Release
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )}
        </div>
        {canEdit && <Assign {...{ business, released }} />}
        <Before id={business.id} />
      </div>
      {leaving && (
        <Release
          business={business}
          number={leaving}
          close={() => setLeaving(null)}
          released={() => {
            setLeaving(null);
            setReleased(released + 1);
          }}
        />
      )}
    </Panel>
  );
}

const RULES = z.object({ number: phoneNumber });

function Assign({ business, released }: { business: Business; released: number }) {
  const queries = useQueryClient();
  const [refused, setRefused] = useState<unknown>(null);
  const { form, submit, busy } = useKeptForm({
    rules: RULES,
    values: { number: "" },
    save: async ({ number }, become) => {
      setRefused(null);
      try {
        await assignNumber(queries, business.id, number);
      } catch (error) {
        setRefused(error);
        throw error;
      }
      become({ number: "" });
    },
    words: refusalWords,
  });
  const isTold = form.formState.errors.root !== undefined;
  const wantsPlan = isTold && isKind(refused, "no-subscription", "number-limit");
  // With one number less there may be room.
  useEffect(() => form.clearErrors("root"), [released, form]);
  const field = bind(form, "number");
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3">
      <FormProblem form={form} />
      {wantsPlan && (
        <Link to={paths.billing()} className={buttonLook("plain", "self-start")}>
          See the plan
        </Link>
      )}
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <TextField
            label="Give it a number"
            type="tel"
            inputMode="tel"
            autoComplete="off"
            placeholder="+1 202 555 0147"
            help="With its country code. Calls to it are answered from then on."
            {...field}
            onChange={(event) => {
              // What was said of another number is not true of this one.
              form.clearErrors("root");
              void field.onChange(event);
            }}
          />
        </div>
        <Button type="submit" disabled={busy} className="mt-5 h-10">
          Assign number
        </Button>
      </div>
    </form>
  );
}

function refusalWords(error: unknown) {
  if (isKind(error, "number-taken"))
    return "Another business has this number. If it is one of yours, release it there first; if it is not, write to us.";
  if (isKind(error, "number-limit"))
    return "Your plan has no room for another number. Release one, or take a larger plan.";
  if (isKind(error, "no-subscription"))
    return "A number is put into service with a subscription, and there is none yet. Everything else can be prepared.";
  return null;
}

interface ReleaseProps {
  business: Business;
  number: string;
  close: () => void;
  released: () => void;
}

function Release({ business, number, close, released }: ReleaseProps) {
  const queries = useQueryClient();
  return (
    <ConfirmDialog
      title={`Release ${phone(number)}?`}
      does="Release the number"
      close={close}
      words={problemWords}
      confirm={async () => {
        await releaseNumber(queries, business.id, number);
        released();
      }}
    >
      <p>
        Calls to it are no longer answered for <bdi>{business.name}</bdi>, and anybody may take it. Calls it had so far
        stay.
      </p>
    </ConfirmDialog>
  );
}

/** Asked for only when somebody looks. */
function Before({ id }: { id: string }) {
  const [open, setOpen] = useState(false);
  const assignments = useQuery({ ...assignmentsQuery(id), enabled: open });
  return (
    <Unfold words="Which numbers it had, and when" look="text-xs text-quiet hover:text-ink" turned={setOpen}>
      <ul className="figures mt-2 flex flex-col gap-1 text-xs">
        {assignments.isPending && <li className="text-quiet">Looking for them…</li>}
        {assignments.data?.items.map(({ number, assigned_at, released_at }) => (
          <li key={`${number} ${assigned_at}`}>
            {phone(number)}, from {longDay(assigned_at)} {released_at ? `to ${longDay(released_at)}` : "until now"}
          </li>
        ))}
        {assignments.data?.items.length === 0 && <li className="text-quiet">None so far.</li>}
        {assignments.error && <li className="text-bad">{problemWords(assignments.error)}</li>}
      </ul>
    </Unfold>
  );
}
