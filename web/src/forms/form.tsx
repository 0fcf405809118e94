/**
 * What every form does the same way: checks by its rules, sends, puts what the api refused at
 * the field it is about, says the rest at its head, and keeps what was typed whatever happens.
 */
import { zodResolver } from "@hookform/resolvers/zod";
import { useCallback, useEffect, useEffectEvent, useRef, useState } from "react";
import {
  type DefaultValues,
  type FieldValues,
  type Path,
  type SubmitHandler,
  type UseFormReturn,
  useForm,
} from "react-hook-form";
import { Problem, isKind } from "../api/problem";
import { asClause, asSentence, problemWords } from "./problemWords";
import type { z } from "./rules";
import { useUnsaved } from "./Unsaved";

export type Form<In extends FieldValues, Out = In> = UseFormReturn<In, unknown, Out>;

interface Options<In extends FieldValues, Out> {
  rules: z.ZodMiniType<Out, In>;
  values: DefaultValues<In>;
  /** May say what the values are now, where the api writes them its own way or the form begins anew. */
  save: (values: Out, become: (values: In) => void) => Promise<void>;
  /** Which field of ours the api means, where the names differ. */
  fieldOf?: (name: string) => string | null;
  /** Words for problems only this form knows. */
  words?: (error: unknown) => string | null;
  /** Leaving it half filled in loses nothing worth a question: a password is typed again. */
  fleeting?: boolean;
}

export interface Kept<In extends FieldValues, Out> {
  form: Form<In, Out>;
  submit: (event?: React.BaseSyntheticEvent) => void;
  busy: boolean;
  /** The last save went well and nothing was changed since. */
  saved: boolean;
  /** That it was saved has been said long enough. */
  saidSaved: () => void;
  /** What was typed is worth nothing any more: leave without a question. */
  release: () => void;
}

export function useKeptForm<In extends FieldValues, Out>(options: Options<In, Out>): Kept<In, Out> {
  const { rules, values, save, fieldOf = toPath, words, fleeting = false } = options;
  const form = useForm<In, unknown, Out>({ resolver: zodResolver(rules), defaultValues: values });
  const { isDirty, isSubmitting } = form.formState;
  const [saved, setSaved] = useState(false);
  const release = useUnsaved(isDirty && !fleeting);

  const send: SubmitHandler<Out & FieldValues> = async (valid) => {
    setSaved(false);
    const sent = structuredClone(form.getValues());
    let kept = sent;
    try {
      await save(valid, (values) => (kept = values));
      takeOver(form, sent, kept);
      setSaved(true);
    } catch (error) {
      tell(form, error, fieldOf, words);
    }
  };

  return {
    form,
    submit: (event) => void form.handleSubmit(send as SubmitHandler<Out>)(event),
    busy: isSubmitting,
    saved: saved && !isDirty,
    saidSaved: useCallback(() => setSaved(false), []),
    release,
  };
}

/** A field's name and what is wrong with it, ready for one of `ui/Field`. */
export function bind<In extends FieldValues, Out>(form: Form<In, Out>, name: Path<In>) {
  const { error } = form.getFieldState(name, form.formState);
  return { ...form.register(name), error: error?.message ?? null };
}

/**
 * What concerns the whole form stands at its head, where a screen reader hears it first. Out of sight it
 * takes the focus, and the page with it; in sight the focus stays where somebody is about to type again.
 */
export function FormProblem<In extends FieldValues, Out>({ form }: { form: Form<In, Out> }) {
  const { root, ...fields } = form.formState.errors;
  const line = useRef<HTMLParagraphElement>(null);
  const show = useEffectEvent(() => {
    // A field that is wrong has the focus already.
    const isAlone = Object.keys(fields).length === 0;
    if (isAlone && line.current && !isInSight(line.current)) line.current.focus();
  });
  useEffect(() => {
    if (root) show();
  }, [root]);
  const message = root?.message;
  if (!message) return null;
  return (
    <p
      ref={line}
      role="alert"
      tabIndex={-1}
      className="rounded-inner bg-bad-soft px-3 py-2 text-bad [overflow-wrap:anywhere]"
    >
      {message}
    </p>
  );
}

function isInSight(element: Element) {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= window.innerHeight;
}

/** What was saved is where changes now begin; what was typed while it was under way stays, unsaved. */
function takeOver<In extends FieldValues, Out>(form: Form<In, Out>, sent: In, kept: In) {
  const typed = structuredClone(form.getValues());
  form.reset(kept);
  for (const name of Object.keys(typed) as Path<In>[]) {
    if (JSON.stringify(typed[name]) !== JSON.stringify(sent[name]))
      form.setValue(name, typed[name], { shouldDirty: true });
  }
}

function tell<In extends FieldValues, Out>(
  form: Form<In, Out>,
  error: unknown,
  fieldOf: (name: string) => string | null,
  words: Options<In, Out>["words"],
) {
  const faults = error instanceof Problem ? error.errors : [];
  const fields = new Set(Object.keys(form.getValues()));
  const elsewhere: string[] = [];
  let isFirst = true;
  for (const { field, message } of faults) {
    const path = fieldOf(field);
    if (path && fields.has(path.split(".")[0] ?? "")) {
      form.setError(
        path as Path<In>,
        { type: "refused", message: `This ${asClause(message)}` },
        { shouldFocus: isFirst },
      );
      // A part of a field has none to focus; the field knows where its fault is drawn.
      if (isFirst && path.includes(".")) form.setFocus(path.split(".")[0] as Path<In>);
      isFirst = false;
    } else elsewhere.push(asSentence(`${field} ${message}`));
  }
  const own = words?.(error);
  if (own) form.setError("root", { message: own });
  else if (elsewhere.length > 0) form.setError("root", { message: elsewhere.join(" ") });
  else if (isKind(error, "name-taken") && fields.has("name"))
    form.setError("name" as Path<In>, { type: "refused", message: problemWords(error) }, { shouldFocus: true });
  else if (faults.length === 0) form.setError("root", { message: problemWords(error) });
}

/** `hours.monday[0].from` → `hours.monday.0.from`. */
function toPath(field: string) {
  return field.replace(/\[(\d+)\]/g, ".$1");
}
