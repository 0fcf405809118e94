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
  /** One with a template was chosen. */
  chosen?: (profession: Profession) => void;
}

export function ProfessionField<In extends FieldValues, Out>({ form, name, professions, chosen }: Props<In, Out>) {
  const { field, fieldState } = useController({ control: form.control, name });
  const value: string = field.value;
  const change: (profession: string) => void = field.onChange;
  const error = fieldState.error?.message ?? null;
  const known = professions?.professions ?? [];
  const isKnown = known.some(({ id }) => id === value);
  const [wantsOwn, setWantsOwn] = useState(false);
  const own = wantsOwn || (value !== "" && !isKnown && professions !== undefined);
  return (
    <>
      <Group legend="Profession" error={own ? null : error} className="grid gap-x-4 gap-y-2.5 sm:grid-cols-2">
        {known.map((profession) => (
          <Dot
            key={profession.id}
            name="profession"
            label={profession.name}
            value={profession.id}
            checked={!own && value === profession.id}
            onChange={() => {
              setWantsOwn(false);
              change(profession.id);
              chosen?.(profession);
            }}
          />
        ))}
        <Dot
          name="profession"
          label="Something else"
          checked={own}
          onChange={() => {
            setWantsOwn(true);
            change("");
          }}
        />
      </Group>
      {own && (
        <TextField
          label="In your own words"
          placeholder="Piano tuner"
          value={isKnown ? "" : value}
          onChange={(event) => change(event.target.value)}
          error={error}
        />
      )}
    </>
  );
}
