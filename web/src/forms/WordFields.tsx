/** What a receptionist says and knows: the same two fields for a new business and an old one. */
import { type FieldValues, type Path, useWatch } from "react-hook-form";
import { TextArea } from "../ui/Field";
import { count } from "../ui/figures";
import { type Form, bind } from "./form";
import { length, text } from "./rules";

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
      <Counted
        form={form}
        name={"greeting" as Path<In>}
        most={LONGEST_GREETING}
        label="Greeting"
        rows={2}
        help="The first words of every call. {business} and {owner} stand for the names of the business and of whoever owns it."
      />
      <Counted
        form={form}
        name={"instructions" as Path<In>}
        most={LONGEST_INSTRUCTIONS}
        label="Instructions"
        rows={8}
        help="What it should know and do: services, prices, how to book, what never to promise."
      />
    </>
  );
}

interface CountedProps<In extends Words, Out> {
  form: Form<In, Out>;
  name: Path<In>;
  most: number;
  label: string;
  rows: number;
  help: string;
}

/** From here on somebody writing may come to the limit, and is told how far it is. */
const NEAR = 0.8;

function Counted<In extends Words, Out>({ form, name, most, help, ...rest }: CountedProps<In, Out>) {
  const written = length(useWatch({ control: form.control, name }));
  const told = written >= most * NEAR ? `${help} ${count(written)} of ${count(most)} characters.` : help;
  return <TextArea {...rest} help={told} {...bind(form, name)} />;
}
