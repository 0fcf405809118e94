/** The parts of a business that are words and times: each with its rules, its fields and its facts. */
import { useController } from "react-hook-form";
import type { Business, Professions } from "../../api/businesses";
import { HoursField } from "../../forms/HoursField";
import { ProfessionField } from "../../forms/ProfessionField";
import { TimeZoneField, zoneWords } from "../../forms/TimeZoneField";
import { professionWords } from "../../forms/businessWords";
import { type Form, bind } from "../../forms/form";
import { DAYS, type Day, type Week, WEEK_RULES, dayName, spanWords, weekOf } from "../../forms/hours";
import { WORD_RULES, WordFields } from "../../forms/WordFields";
import { name, phoneNumberOrNone, profession, z } from "../../forms/rules";
import { TextField } from "../../ui/Field";
import { phone, typedPhone } from "../../ui/phone";
import { Section } from "./Section";

interface Props {
  business: Business;
}

const ABOUT = z.object({ name: name("the name of the business"), profession });

export function About({ business, professions }: Props & { professions: Professions | undefined }) {
  return (
    <Section
      title="Business"
      business={business}
      rules={ABOUT}
      valuesOf={({ name, profession }) => ({ name, profession })}
      change={(values) => values}
      facts={({ name, profession }) => [
        ["Name", name],
        ["Profession", professionWords(profession, professions)],
      ]}
      does="Save business"
    >
      {(form) => (
        <>
          <TextField
            label="Name"
            help="As callers know it: the receptionist says it."
            autoComplete="organization"
            {...bind(form, "name")}
          />
          <ProfessionField form={form} name="profession" professions={professions} />
        </>
      )}
    </Section>
  );
}

const WORDS = z.object(WORD_RULES);

export function WhatItSays({ business }: Props) {
  return (
    <Section
      title="What it says"
      business={business}
      rules={WORDS}
      valuesOf={({ greeting, instructions }) => ({ greeting, instructions })}
      change={(values) => values}
      facts={({ greeting, instructions }) => [
        ["Greeting", greeting || "none yet"],
        ["Instructions", instructions || "none yet"],
      ]}
      does="Save what it says"
    >
      {(form) => <WordFields form={form} />}
    </Section>
  );
}

const HOURS = z.object({ time_zone: z.string(), hours: WEEK_RULES });
interface HoursValues {
  time_zone: string;
  hours: Week;
}

export function Hours({ business }: Props) {
  return (
    <Section
      title="Hours"
      hint="The receptionist answers day and night; this is when people can come, or be put through."
      business={business}
      rules={HOURS}
      valuesOf={({ time_zone, hours }) => ({ time_zone, hours: weekOf(hours) })}
      change={(values) => values}
      facts={({ time_zone, hours }) => [
        ["Time zone", zoneWords(time_zone)],
        ...DAYS.map((day): [string, string] => [dayName(day), spanWords(weekOf(hours)[day])]),
      ]}
      fieldOf={(field) => /^(hours\.\w+|\w+)/.exec(field)?.[0] ?? null}
      does="Save hours"
    >
      {(form) => (
        <>
          <TimeZoneField
            label="Time zone"
            current={business.time_zone}
            help="These hours are meant in this zone, wherever callers are."
            {...bind(form, "time_zone")}
          />
          <WeekField form={form} />
        </>
      )}
    </Section>
  );
}

function WeekField({ form }: { form: Form<HoursValues> }) {
  const { field } = useController({ control: form.control, name: "hours" });
  const errors: Partial<Record<Day, string>> = {};
  for (const day of DAYS) {
    const error = form.formState.errors.hours?.[day];
    const words = error?.message ?? error?.root?.message;
    if (words) errors[day] = words;
  }
  // A frame later: what is wrong is known a moment before it is drawn.
  const focusFault = (week: HTMLElement | null) =>
    field.ref({ focus: () => requestAnimationFrame(() => week?.querySelector<HTMLElement>("[aria-invalid]")?.focus()) });
  return (
    <div ref={focusFault}>
      <HoursField week={field.value} change={field.onChange} errors={errors} />
    </div>
  );
}

const TRANSFER = z.object({ transfer_number: phoneNumberOrNone });

export function Transfer({ business }: Props) {
  return (
    <Section
      title="Transfer"
      business={business}
      rules={TRANSFER}
      valuesOf={({ transfer_number }) => ({ transfer_number: transfer_number ? typedPhone(transfer_number) : "" })}
      change={({ transfer_number }) => ({ transfer_number: transfer_number || null })}
      facts={({ transfer_number }) => [["Number", transfer_number ? phone(transfer_number) : "Nobody is put through"]]}
      does="Save transfer"
    >
      {(form) => (
        <TextField
          label="Number of a person"
          type="tel"
          autoComplete="tel"
          placeholder="+1 202 555 0147"
          help="Callers who must speak to somebody are put through here. Empty: a message is taken instead."
          {...bind(form, "transfer_number")}
        />
      )}
    </Section>
  );
}
