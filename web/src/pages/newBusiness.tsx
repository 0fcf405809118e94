/** A new business, profession first: it fills in words good enough to begin with, to be changed at will. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { type Profession, type Professions, professionsQuery } from "../api/businesses";
import { createBusiness } from "../api/changes";
import { may, useMe } from "../api/me";
import { askAhead } from "../api/queries";
import { ProfessionField } from "../forms/ProfessionField";
import { TimeZoneField } from "../forms/TimeZoneField";
import { FormFoot } from "../forms/FormFoot";
import { type Form, FormProblem, bind, useKeptForm } from "../forms/form";
import { VoiceField } from "../forms/VoiceField";
import { WORD_RULES, WordFields } from "../forms/WordFields";
import { name, profession, z } from "../forms/rules";
import { paths } from "../paths";
import { timeZone } from "../reader";
import { Awaiting } from "../ui/Awaiting";
import { buttonLook } from "../ui/Button";
import { TextField } from "../ui/Field";
import { Notice } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { Failure } from "./shell/Failure";
import { PageHead } from "./shell/PageHead";

export function ask(queries: QueryClient) {
  return askAhead(queries.query(professionsQuery()));
}

export function NewBusiness() {
  const canEdit = may(useMe(), "edit");
  const professions = useQuery(professionsQuery());
  return (
    <div className="mx-auto flex max-w-page flex-col gap-4 px-4 py-4 rail:px-6 rail:py-5">
      <Link to={paths.businesses()} className={buttonLook("text", "min-h-9 self-start")}>
        <span aria-hidden>‹</span> All businesses
      </Link>
      <PageHead title="New business" />
      {!canEdit ? (
        <div className="card">
          <Notice title="You may look, not change">
            <p>Your role in this account is reader. Whoever owns it can make you a manager.</p>
          </Notice>
        </div>
      ) : professions.data ? (
        <NewForm professions={professions.data} />
      ) : professions.error ? (
        <div className="card">
          <Failure error={professions.error} again={() => void professions.refetch()} />
        </div>
      ) : (
        <Panel title="What is it?">
          <Awaiting className="h-40" />
        </Panel>
      )}
    </div>
  );
}

const RULES = z.object({
  profession,
  name: name("the name of the business"),
  time_zone: z.string(),
  voice: z.string(),
  ...WORD_RULES,
});

function NewForm({ professions }: { professions: Professions }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const kept = useKeptForm({
    rules: RULES,
    values: { ...EMPTY, time_zone: timeZone(), voice: professions.voices[0]?.id ?? "" },
    save: async (values) => {
      const business = await createBusiness(queries, { ...values, ...wordsIn(values) });
      kept.release();
      await navigate(paths.business(business.id), { replace: true });
    },
  });
  const { form, submit } = kept;
  // The first field that is wrong gets the focus, in the order in which they are made known: the page's.
  form.register("profession");
  return (
    <form onSubmit={submit} noValidate className="flex max-w-form flex-col gap-4">
      <FormProblem form={form} />
      <Panel title="What is it?">
        <div className="flex flex-col gap-4">
          <ProfessionField
            form={form}
            name="profession"
            professions={professions}
            chosen={(profession) => fill(form, profession, professions)}
          />
          <TextField
            label="Name"
            autoComplete="organization"
            help="As callers know it: the receptionist says it."
            {...bind(form, "name")}
          />
          <TimeZoneField label="Time zone" current={timeZone()} {...bind(form, "time_zone")} />
        </div>
      </Panel>
      <Panel title="What it says" hint="to begin with; what is left empty is filled in, all can be changed later">
        <div className="flex flex-col gap-4">
          <WordFields form={form} />
          <VoiceField label="Voice" voices={professions.voices} {...bind(form, "voice")} />
        </div>
      </Panel>
      <FormFoot kept={kept} does="Create the business" />
      <p className="text-xs text-quiet">Next: its hours and a number.</p>
    </form>
  );
}

const EMPTY = { profession: "", name: "", greeting: "", instructions: "" };

/** The profession's words, or none, but never over what somebody has written themselves. */
function fill(form: Form<z.input<typeof RULES>>, chosen: Profession | null, { professions }: Professions) {
  for (const field of ["greeting", "instructions"] as const) {
    const now = form.getValues(field);
    const isOurs = now === "" || professions.some((template) => template[field] === now);
    if (isOurs) form.setValue(field, chosen?.[field] ?? "", { shouldDirty: true });
  }
}

/** What is left out the api chooses, also for a profession in somebody's own words; what is empty it keeps empty. */
function wordsIn({ greeting, instructions }: Record<"greeting" | "instructions", string>) {
  return { greeting: greeting.trim() ? greeting : null, instructions: instructions.trim() ? instructions : null };
}
