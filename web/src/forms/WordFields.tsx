/** What a receptionist says and knows: the same two fields for a new business and an old one. */
import type { FieldValues, Path } from "react-hook-form";
import { TextArea } from "../ui/Field";
import { type Form, bind } from "./form";
import { text } from "./rules";

/** As the api counts: half a minute of speech, and several pages. */
const LONGEST_GREETING = 500;
const LONGEST_INSTRUCTIONS = 10_000;

export const WORD_RULES = { greeting: text(LONGEST_GREETING), instructions: text(LONGEST_INSTRUCTIONS) };

interface Words extends FieldValues {
  greeting: string;
  instructions: string;
}

export function WordFields<In extends Words, Out>({ form }: { form: Form<In, Out> }) {
  return (
    <>
      <TextArea
        label="Greeting"
        rows={2}
        help="The first words of every call. {business} and {owner} stand for the names of the business and of whoever owns it."
        {...bind(form, "greeting" as Path<In>)}
      />
      <TextArea
        label="Instructions"
        rows={8}
        help="What it should know and do: services, prices, how to book, what never to promise."
        {...bind(form, "instructions" as Path<In>)}
      />
    </>
  );
}
