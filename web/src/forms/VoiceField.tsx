/** One of the voices there are, each with how it sounds. One that was taken away since stays choosable. */
import type { ComponentProps } from "react";
import type { Professions } from "../api/businesses";
import { Choice } from "../ui/Field";

interface Props extends ComponentProps<typeof Choice> {
  voices: Professions["voices"];
  current?: string;
}

export function VoiceField({ voices, current, ...rest }: Props) {
  return (
    <Choice {...rest}>
      {current && !voices.some(({ id }) => id === current) && <option value={current}>{current}</option>}
      {voices.map(({ id, name, description }) => (
        <option key={id} value={id}>
          {`${name}: ${description}`}
        </option>
      ))}
    </Choice>
  );
}
