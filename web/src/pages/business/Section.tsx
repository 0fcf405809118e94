/**
 * One part of a business that is saved by itself. What is typed builds on the version the
 * person saw: when somebody saved meanwhile, changes elsewhere are kept and changes to this
 * part are shown, to be taken or overruled. Nothing is ever overwritten unseen.
 */
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { DefaultValues, FieldValues } from "react-hook-form";
import type { Business } from "../../api/businesses";
import { type BusinessFields, readBusiness, saveBusiness } from "../../api/changes";
import { may, useMe } from "../../api/me";
import { isKind } from "../../api/problem";
import { FormFoot } from "../../forms/FormFoot";
import { type Form, FormProblem, useKeptForm } from "../../forms/form";
import type { z } from "../../forms/rules";
import { Button } from "../../ui/Button";
import { Fact } from "../../ui/Fact";
import { Panel } from "../../ui/Panel";

type Known = [name: string, words: ReactNode];

interface Props<In extends FieldValues, Out> {
  title: string;
  hint?: string;
  business: Business;
  rules: z.ZodMiniType<Out, In>;
  /** This part of a business as the form holds it. */
  valuesOf: (business: Business) => In;
  change: (values: Out) => Partial<BusinessFields>;
  /** This part in words, for whoever may only read, and for another's version. */
  facts: (business: Business) => Known[];
  does: string;
  fieldOf?: (name: string) => string | null;
  children: (form: Form<In, Out>) => ReactNode;
}

export function Section<In extends FieldValues, Out>(props: Props<In, Out>) {
  const canEdit = may(useMe(), "edit");
  const { title, hint, business, facts } = props;
  return (
    <Panel title={title} hint={hint}>
      {canEdit ? <Editor {...props} /> : <Facts facts={facts(business)} />}
    </Panel>
  );
}

function Editor<In extends FieldValues, Out>(props: Props<In, Out>) {
  const { business, rules, valuesOf, change, facts, does, fieldOf, children } = props;
  const queries = useQueryClient();
  /** What the form builds on. Nothing drawn depends on it. */
  const base = useRef(business);
  const [theirs, setTheirs] = useState<Business | null>(null);

  async function save(values: Out, become: (values: In) => void) {
    const saved = await saveOver(base.current, values);
    setTheirs(null);
    base.current = saved;
    become(valuesOf(saved));
  }

  async function saveOver(version: Business, values: Out): Promise<Business> {
    try {
      return await saveBusiness(queries, version, change(values));
    } catch (error) {
      if (!isKind(error, "changed-meanwhile")) throw error;
      const newest = await readBusiness(queries, business.id);
      if (isSame(valuesOf(newest), valuesOf(version))) return saveOver(newest, values);
      setTheirs(newest);
      throw error;
    }
  }

  const kept = useKeptForm({
    rules,
    values: valuesOf(business) as DefaultValues<In>,
    save,
    ...(fieldOf && { fieldOf }),
    words: (error) =>
      isKind(error, "changed-meanwhile") ? "Somebody changed this meanwhile, so yours has not been saved yet." : null,
  });
  const { form, submit } = kept;
  const { isDirty } = form.formState;

  useEffect(() => {
    // What is typed stays on the version it was typed over.
    if (isDirty || business.version === base.current.version) return;
    base.current = business;
    form.reset(valuesOf(business));
  }, [business, isDirty, form, valuesOf]);

  return (
    <form onSubmit={submit} noValidate className="flex max-w-form flex-col gap-4">
      <FormProblem form={form} />
      {theirs && (
        <Conflict
          facts={facts(theirs)}
          useTheirs={() => {
            base.current = theirs;
            setTheirs(null);
            form.reset(valuesOf(theirs));
          }}
          keepMine={() => {
            base.current = theirs;
            setTheirs(null);
            submit();
          }}
        />
      )}
      {children(form)}
      <FormFoot kept={kept} does={does} />
    </form>
  );
}

function Conflict({ facts, useTheirs, keepMine }: { facts: Known[]; useTheirs: () => void; keepMine: () => void }) {
  return (
    <section aria-label="Their version" className="flex flex-col gap-3 rounded-inner bg-late-soft p-4">
      <p className="font-semibold text-late">Their version</p>
      <Facts facts={facts} />
      <div className="flex flex-wrap gap-2">
        <Button onClick={useTheirs}>Use their version</Button>
        <Button onClick={keepMine}>Keep mine</Button>
      </div>
    </section>
  );
}

function Facts({ facts }: { facts: Known[] }) {
  return (
    <dl className="flex max-w-form flex-col gap-3">
      {facts.map(([name, words]) => (
        <Fact key={name} name={name} is={words} />
      ))}
    </dl>
  );
}

function isSame(a: unknown, b: unknown) {
  return JSON.stringify(a) === JSON.stringify(b);
}
