/** What we write to a person about. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMe } from "../../api/me";
import { askAhead } from "../../api/queries";
import { type Profile, profileQuery } from "../../api/settings";
import { FormFoot } from "../../forms/FormFoot";
import { FormProblem, useKeptForm } from "../../forms/form";
import { z } from "../../forms/rules";
import { saveProfile } from "../../forms/saveProfile";
import { Switch } from "../../ui/Ticks";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "./Loaded";

export function ask(queries: QueryClient) {
  return askAhead(queries.query(profileQuery()));
}

export function Notifications() {
  const profile = useQuery(profileQuery());
  return (
    <>
      <PageHead title="Notifications" />
      <Loaded title="Mails" query={profile} tall="h-64">
        {(data) => <Choices profile={data} />}
      </Loaded>
    </>
  );
}

const KINDS = [
  { name: "missed_call", label: "A missed call", help: "As soon as one ends without an answer." },
  { name: "new_call", label: "Every call", help: "As soon as it ends, with its summary." },
  {
    name: "daily_summary",
    label: "The day in short",
    help: "Each morning, what happened the day before.",
  },
  { name: "payment_trouble", label: "Trouble with a payment", help: "Before a number stops being answered." },
] as const;

const RULES = z.object({
  missed_call: z.boolean(),
  new_call: z.boolean(),
  daily_summary: z.boolean(),
  payment_trouble: z.boolean(),
});

function Choices({ profile }: { profile: Profile }) {
  const { email } = useMe().user;
  const queries = useQueryClient();
  const kept = useKeptForm({
    rules: RULES,
    values: profile.notifications,
    save: async (notifications) => {
      await saveProfile(queries, profile, { notifications });
    },
    // The api names them under their own heading.
    fieldOf: (name) => name.replace(/^notifications\./, ""),
  });
  const { form, submit } = kept;
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormProblem form={form} />
      <p className="text-quiet [overflow-wrap:anywhere]">
        They go to {email}. What concerns your security always does.
      </p>
      <div className="flex flex-col">
        {KINDS.map(({ name, label, help }) => (
          <Switch
            key={name}
            {...{ label, help }}
            {...form.register(name)}
            className="border-t border-line py-3 first:border-t-0"
          />
        ))}
      </div>
      <FormFoot kept={kept} does="Save notifications" />
    </form>
  );
}
