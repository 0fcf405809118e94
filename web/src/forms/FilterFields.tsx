/** The fields every filter is made of: one of a few, or a day. Empty, they narrow nothing. */
import type { ChangeEvent } from "react";
import { Choice, TextField } from "../ui/Field";

interface DayProps {
  label: string;
  value: string | undefined;
  min?: string | undefined;
  max?: string | undefined;
  choose: (day: string | undefined) => void;
}

export function Day({ label, value = "", min, max, choose }: DayProps) {
  const chosen = (event: ChangeEvent<HTMLInputElement>) => choose(event.target.value || undefined);
  return <TextField type="date" {...{ label, value, min, max }} onChange={chosen} />;
}

interface OneOfProps<T extends string> {
  label: string;
  words: Partial<Record<T, string>>;
  /** What stands there while none is chosen. */
  any?: string;
  value: T | undefined;
  choose: (value: T | undefined) => void;
}

export function OneOf<T extends string>({ label, words, any = "Any", value, choose }: OneOfProps<T>) {
  const choices = Object.keys(words) as T[];
  return (
    <Choice
      label={label}
      value={value ?? ""}
      onChange={(event) => choose(choices.find((choice) => choice === event.target.value))}
    >
      <option value="">{any}</option>
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {words[choice]}
        </option>
      ))}
    </Choice>
  );
}
