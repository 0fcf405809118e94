/** Who one is to others, and how days, times and figures are written for one. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { act, client } from "../../api/client";
import { askWhoIAm, useMe } from "../../api/me";
import { isKind } from "../../api/problem";
import { askAhead } from "../../api/queries";
import { type Profile as OneProfile, profileQuery } from "../../api/settings";
import { FormFoot } from "../../forms/FormFoot";
import { LocaleField } from "../../forms/LocaleField";
import { TimeZoneField } from "../../forms/TimeZoneField";
import { FormProblem, bind, useKeptForm } from "../../forms/form";
import { email, name, z } from "../../forms/rules";
import { saveProfile } from "../../forms/saveProfile";
import { TextField } from "../../ui/Field";
import { Panel } from "../../ui/Panel";
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

const ADDRESS_RULES = z.object({ email });

/** The address changes only when a link sent to the new one was opened: a typing error must lock nobody out. */
function Address() {
  const me = useMe();
  const [sentTo, setSentTo] = useState<string | null>(null);
  const kept = useKeptForm({
    rules: ADDRESS_RULES,
    values: { email: "" },
    save: async (body, become) => {
      await act(() => client.POST("/api/users/email", { body }));
      setSentTo(body.email);
      become({ email: "" });
    },
    words: (error) => (isKind(error, "address-taken") ? "Another account has this address." : null),
  });
  const { form, submit } = kept;
  return (
    <Panel title="E-mail address">
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <p className="[overflow-wrap:anywhere]">
          You sign in with <strong className="font-semibold">{me.user.email}</strong>, and our mails go there.
        </p>
        <FormProblem form={form} />
        {sentTo && (
          <p role="status" className="rounded-inner bg-accent-soft px-3 py-2 [overflow-wrap:anywhere]">
            We have written to {sentTo}. The address changes when you open the link there; until then it stays as it is.
          </p>
        )}
        <TextField label="New address" type="email" autoComplete="email" {...bind(form, "email")} />
        <FormFoot kept={{ ...kept, saved: false }} does="Change the address" />
      </form>
    </Panel>
  );
}
