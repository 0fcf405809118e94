/** What a business is: one of those we have words for, or anything else in its own. */
import { useState } from "react";
import { type FieldValues, type Path, useController } from "react-hook-form";
import type { Profession, Professions } from "../api/businesses";
import { TextField } from "../ui/Field";
import { Dot, Group } from "../ui/Ticks";
import type { Form } from "./form";

interface Props<In extends FieldValues, Out> {
  form: Form<In, Out>;
  name: Path<In>;
  professions: Professions | undefined;
  /** One with words of its own was chosen, or something else that has none. */
  chosen?: (profession: Profession | null) => void;
}

export function ProfessionField<In extends FieldValues, Out>({ form, name, professions, chosen }: Props<In, Out>) {
  const {
    field: { ref, ...field },
    fieldState,
  } = useController({ control: form.control, name });
  const value: string = field.value;
  const change: (profession: string) => void = field.onChange;
  const error = fieldState.error?.message ?? null;
  const known = professions?.professions ?? [];
  const isKnown = known.some(({ id }) => id === value);
  /** In somebody's own words, which may be on the way to another or happen to be one of ours. */
  const [typed, setTyped] = useState<string | null>(null);
  const own = typed === value || (value !== "" && !isKnown && professions !== undefined);
  const type = (words: string) => {
    setTyped(words);
    change(words);
  };
  return (
    <>
      <Group legend="Profession" error={own ? null : error} className="grid gap-x-4 gap-y-2.5 sm:grid-cols-2">
        {known.map((profession, at) => (
          <Dot
            key={profession.id}
            ref={!own && at === 0 ? ref : undefined}
            name="profession"
            label={profession.name}
            value={profession.id}
            checked={!own && value === profession.id}
            onChange={() => {
              setTyped(null);
              change(profession.id);
              chosen?.(profession);
            }}
          />
        ))}
        <Dot
          name="profession"
          label="Something else"
          ref={!own && known.length === 0 ? ref : undefined}
          checked={own}
          onChange={() => {
            type("");
            chosen?.(null);
          }}
        />
      </Group>
      {own && (
        <TextField
          label="In your own words"
          ref={ref}
          placeholder="Piano tuner"
          value={value}
          onChange={(event) => type(event.target.value)}
          error={error}
        />
      )}
    </>
  );
}
