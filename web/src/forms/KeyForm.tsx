/** A new API key: a name to know it by, what it may do, and how long. */
import { act, client } from "../api/client";
import { Button } from "../ui/Button";
import { Choice, TextField } from "../ui/Field";
import { Group, Tick } from "../ui/Ticks";
import { FormProblem, bind, useKeptForm } from "./form";
import { name, z } from "./rules";
import { SCOPES, SCOPE_WORDS, type Scope } from "./scopeWords";

const LASTS = { "30": "30 days", "90": "90 days", "365": "One year", never: "Until it is revoked" } as const;
const DAY_MS = 86_400_000;

const RULES = z.object({
  name: name("a name to know it by"),
  scopes: z.array(z.enum(SCOPES)).check(z.minLength(1, "Choose at least one.")),
  lasts: z.enum(["30", "90", "365", "never"]),
});

interface Props {
  cancel: () => void;
  made: (key: { name: string; key: string }) => void;
}

export function KeyForm({ cancel, made }: Props) {
  const { form, submit, busy } = useKeptForm({
    rules: RULES,
    values: { name: "", scopes: [] as Scope[], lasts: "90" as const },
    fleeting: true,
    save: async ({ name, scopes, lasts }) => {
      const expires_at = lasts === "never" ? null : new Date(Date.now() + Number(lasts) * DAY_MS).toISOString();
      made(await act(() => client.POST("/api/keys", { body: { name, scopes, ...(expires_at && { expires_at }) } })));
    },
    fieldOf: (field) => (field === "expires_at" ? "lasts" : field.replace(/\[\d+\]$/, "")),
  });
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormProblem form={form} />
      <TextField label="Name" placeholder="Our calendar" autoComplete="off" autoFocus {...bind(form, "name")} />
      <Group
        legend="What it may do"
        error={form.formState.errors.scopes?.message ?? null}
        className="flex flex-col gap-2.5"
      >
        {SCOPES.map((scope) => (
          <Tick
            key={scope}
            label={SCOPE_WORDS[scope].name}
            help={SCOPE_WORDS[scope].help}
            value={scope}
            {...form.register("scopes")}
          />
        ))}
      </Group>
      <Choice label="How long" {...bind(form, "lasts")}>
        {Object.entries(LASTS).map(([days, words]) => (
          <option key={days} value={days}>
            {words}
          </option>
        ))}
      </Choice>
      <div className="flex justify-end gap-2">
        <Button onClick={cancel}>Cancel</Button>
        <Button look="strong" type="submit" disabled={busy}>
          Make the key
        </Button>
      </div>
    </form>
  );
}
