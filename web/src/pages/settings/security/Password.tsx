/** Sets a password for whoever has none, or changes it; other browsers are signed out by it. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { act, client } from "../../../api/client";
import { askWhoIAm, useMe } from "../../../api/me";
import { sessionsQuery } from "../../../api/settings";
import { FormFoot } from "../../../forms/FormFoot";
import { FormProblem, bind, useKeptForm } from "../../../forms/form";
import { newPassword, z } from "../../../forms/rules";
import { PasswordField } from "../../../ui/Field";
import { Panel } from "../../../ui/Panel";

export function Password() {
  return (
    <Panel title="Password">
      <PasswordForm />
    </Panel>
  );
}

const CHANGE = z.object({
  current_password: z.string().check(z.minLength(1, "Enter the password you have now.")),
  password: newPassword,
});
const SET = z.object({ current_password: z.string(), password: newPassword });
const EMPTY = { current_password: "", password: "" };

function PasswordForm() {
  const { user, has_password: has } = useMe();
  const [said, setSaid] = useState("");
  const queries = useQueryClient();
  const kept = useKeptForm({
    rules: has ? CHANGE : SET,
    values: EMPTY,
    save: async ({ current_password, password }, become) => {
      const body = { password, ...(has && { current_password }) };
      await act(() => client.POST("/api/auth/password/change", { body }));
      await queries.invalidateQueries({ queryKey: sessionsQuery().queryKey });
      // Another address that waits to be proven has ended with it.
      await askWhoIAm(queries);
      setSaid(has ? "Your password is changed" : "Your password is set");
      become(EMPTY);
    },
  });
  const { form, submit } = kept;
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormProblem form={form} />
      {!has && <p className="text-quiet">You have none: you sign in through a provider. With one you can do both.</p>}
      {/* Password managers want to know whose it is. */}
      <input type="text" name="username" autoComplete="username" value={user.email} readOnly hidden />
      {has && (
        <PasswordField label="Current password" autoComplete="current-password" {...bind(form, "current_password")} />
      )}
      <PasswordField
        label="New password"
        autoComplete="new-password"
        help="At least 8 characters. Other browsers you are signed in with are signed out."
        {...bind(form, "password")}
      />
      <FormFoot kept={kept} does={has ? "Change the password" : "Set a password"} said={said} />
    </form>
  );
}
