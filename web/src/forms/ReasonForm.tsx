/** Asks an administrator why: the reason is kept with the act. */
import { Button } from "../ui/Button";
import { TextArea } from "../ui/Field";
import { FormProblem, bind, useKeptForm } from "./form";
import { z } from "./rules";

const RULES = z.object({
  reason: z.string().check(z.trim(), z.minLength(1, "Say why."), z.maxLength(500, "At most 500 characters.")),
});

interface Props {
  does: string;
  danger: boolean;
  cancel: () => void;
  send: (reason: string) => Promise<void>;
}

export function ReasonForm({ does, danger, cancel, send }: Props) {
  const { form, submit, busy } = useKeptForm({
    rules: RULES,
    values: { reason: "" },
    fleeting: true,
    save: ({ reason }) => send(reason),
  });
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormProblem form={form} />
      <TextArea label="Reason" rows={3} help="It is written down with the act." {...bind(form, "reason")} />
      <div className="flex justify-end gap-2">
        <Button onClick={cancel}>Cancel</Button>
        <Button look={danger ? "danger" : "strong"} type="submit" disabled={busy}>
          {does}
        </Button>
      </div>
    </form>
  );
}
