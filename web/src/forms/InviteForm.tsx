/** Invites somebody to the account, with the role they will have. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { act, client } from "../api/client";
import { membersQuery } from "../api/settings";
import { TextField } from "../ui/Field";
import { Dot, Group } from "../ui/Ticks";
import { FormFoot } from "./FormFoot";
import { FormProblem, bind, useKeptForm } from "./form";
import { roleWords } from "./roleWords";
import { email, z } from "./rules";

const RULES = z.object({ email, role: z.enum(["manager", "reader"]) });

export function InviteForm() {
  const queries = useQueryClient();
  const [invited, setInvited] = useState("");
  const kept = useKeptForm({
    rules: RULES,
    values: { email: "", role: "reader" },
    save: async (body, become) => {
      await act(() => client.POST("/api/members/invitations", { body }));
      setInvited(body.email);
      await queries.invalidateQueries({ queryKey: membersQuery().queryKey });
      become({ email: "", role: body.role });
    },
  });
  const { form, submit } = kept;
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormProblem form={form} />
      <TextField
        label="E-mail address"
        type="email"
        autoComplete="off"
        help="We write them a link. Inviting an address again replaces its earlier invitation."
        {...bind(form, "email")}
      />
      <Group legend="Role" className="flex flex-col gap-2.5">
        <Dot
          label={roleWords("reader").name}
          help="Sees calls, businesses and figures."
          value="reader"
          {...form.register("role")}
        />
        <Dot
          label={roleWords("manager").name}
          help="Also changes businesses, numbers and what the receptionist says."
          value="manager"
          {...form.register("role")}
        />
      </Group>
      <FormFoot kept={kept} does="Send the invitation" said={`We have written to ${invited}`} />
    </form>
  );
}
