/** Who one is to others, and how days, times and figures are written for one. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { act, client } from "../../api/client";
import { type Me, askWhoIAm, useMe } from "../../api/me";
import { askAhead } from "../../api/queries";
import { type Profile as OneProfile, profileQuery } from "../../api/settings";
import { FormFoot } from "../../forms/FormFoot";
import { LocaleField } from "../../forms/LocaleField";
import { TimeZoneField } from "../../forms/TimeZoneField";
import { FormProblem, bind, useKeptForm } from "../../forms/form";
import { email, name, z } from "../../forms/rules";
import { saveProfile } from "../../forms/saveProfile";
import { Button } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import { Panel } from "../../ui/Panel";
import { Saved } from "../../ui/Saved";
import { timeOfDay } from "../../ui/time";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "./Loaded";

export function ask(queries: QueryClient) {
  return askAhead(queries.query(profileQuery()));
}

export function Profile() {
  const profile = useQuery(profileQuery());
  return (
    <>
      <PageHead title="Profile" />
      <Loaded title="You" query={profile} tall="h-64">
        {(data) => <You profile={data} />}
      </Loaded>
      <Address />
    </>
  );
}

const RULES = z.object({ name: name("your name"), time_zone: z.string(), locale: z.string() });

function You({ profile }: { profile: OneProfile }) {
  const queries = useQueryClient();
  const kept = useKeptForm({
    rules: RULES,
    values: { name: profile.name, time_zone: profile.time_zone, locale: profile.locale },
    save: async (values, become) => {
      const { name, time_zone, locale } = await saveProfile(queries, profile, values);
      await askWhoIAm(queries);
      become({ name, time_zone, locale });
    },
  });
  const { form, submit } = kept;
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormProblem form={form} />
      <TextField
        label="Name"
        autoComplete="name"
        help="Who you are to the others in an account."
        {...bind(form, "name")}
      />
      <TimeZoneField
        label="Time zone"
        current={profile.time_zone}
        help="Days begin, and times are written, as they are here."
        {...bind(form, "time_zone")}
      />
      <LocaleField label="Days, times and figures" current={profile.locale} {...bind(form, "locale")} />
      <FormFoot kept={kept} does="Save profile" />
    </form>
  );
}

/** The address changes only when a link sent to the new one was opened: a typing error must lock nobody out. */
function Address() {
  const { user, email_change } = useMe();
  return (
    <Panel title="E-mail address">
      <div className="flex flex-col gap-4">
        <p className="[overflow-wrap:anywhere]">
          You sign in with <strong className="font-semibold">{user.email}</strong>, and our mails go there.
        </p>
        {email_change && <Waiting {...email_change} />}
        <NewAddress />
      </div>
    </Panel>
  );
}

const NOTHING = z.object({});

/** What was asked for, also before this page was loaded. A later link ends an earlier one. */
function Waiting({ email, expires_at }: NonNullable<Me["email_change"]>) {
  const askFor = useAskFor();
  const { form, submit, busy, saved, saidSaved } = useKeptForm({
    rules: NOTHING,
    values: {},
    save: () => askFor(email),
  });
  return (
    <form onSubmit={submit} noValidate className="flex flex-col items-start gap-2 rounded-inner bg-accent-soft px-3 py-2">
      <p role="status" className="[overflow-wrap:anywhere]">
        We have written to {email}. The address changes when you open the link there, by {timeOfDay(expires_at)}; until
        then it stays as it is. Another address takes its place.
      </p>
      <FormProblem form={form} />
      <p className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <Button look="text" type="submit" disabled={busy}>
          Send it again
        </Button>
        <Saved shown={saved} over={saidSaved}>
          Sent again
        </Saved>
      </p>
    </form>
  );
}

const ADDRESS_RULES = z.object({ email });

function NewAddress() {
  const askFor = useAskFor();
  const kept = useKeptForm({
    rules: ADDRESS_RULES,
    values: { email: "" },
    save: async ({ email }, become) => {
      await askFor(email);
      become({ email: "" });
    },
  });
  const { form, submit } = kept;
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormProblem form={form} />
      <TextField label="New address" type="email" autoComplete="email" {...bind(form, "email")} />
      <FormFoot kept={kept} does="Change the address" said="A link is on its way" />
    </form>
  );
}

function useAskFor() {
  const queries = useQueryClient();
  return async (email: string) => {
    await act(() => client.POST("/api/users/email", { body: { email } }));
    await askWhoIAm(queries);
  };
}
