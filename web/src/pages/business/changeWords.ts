/** A change of a business as a sentence, and its values as a person reads them. */
import type { Change, Professions } from "../../api/businesses";
import { professionWords, voiceWords } from "../../forms/businessWords";
import { DAYS, dayName, spanWords, weekOf } from "../../forms/hours";
import { zoneWords } from "../../forms/TimeZoneField";
import { phone } from "../../ui/phone";
import { sentence } from "../calls/words";

const FIELDS: Partial<Record<string, string>> = {
  name: "name",
  profession: "profession",
  time_zone: "time zone",
  voice: "voice",
  greeting: "greeting",
  instructions: "instructions",
  hours: "hours",
  transfer_number: "transfer number",
  voice_sample: "voice sample",
  numbers: "numbers",
};

/** That it was deleted or came back is said by the sentence itself. */
const DELETED = "deleted";

export function changedFields({ changes }: Change) {
  return Object.entries(changes)
    .filter(([field]) => field !== DELETED)
    .map(([field, { from, to }]) => ({ field, name: sentence(fieldWords(field)), from, to }));
}

export function changeWords(change: Change): string {
  switch (change.kind) {
    case "created":
      return "made this business";
    case "deleted":
      return "deleted it";
    case "restored":
      return change.changes[DELETED]?.to === false ? "brought it back" : "restored an earlier version";
    case "number_assigned":
      return `gave it the number ${numberOf(change, "to")}`;
    case "number_released":
      return `released the number ${numberOf(change, "from")}`;
    case "voice_sample":
      return change.changes.voice_sample?.to ? "uploaded a voice sample" : "removed the voice sample";
    default:
      return `changed the ${new Intl.ListFormat("en").format(Object.keys(change.changes).map(fieldWords))}`;
  }
}

/** Values come as the api keeps them; what is not known is shown as it is. */
export function valueWords(field: string, value: unknown, professions: Professions | undefined): string {
  if (value === null || value === undefined || value === "") return "nothing";
  if (typeof value === "string") {
    if (field === "profession") return professionWords(value, professions);
    if (field === "voice") return voiceWords(value, professions);
    if (field === "time_zone") return zoneWords(value);
    return field === "transfer_number" ? phone(value) : value;
  }
  if (field === "hours" && typeof value === "object") {
    const week = weekOf(value);
    return DAYS.map((day) => `${dayName(day)} ${spanWords(week[day])}`).join("\n");
  }
  if (Array.isArray(value)) return value.length === 0 ? "nothing" : value.map(String).map(phone).join(", ");
  if (field === "voice_sample" && typeof value === "object" && "name" in value) return String(value.name);
  return JSON.stringify(value);
}

/** The number that is in one of the two lists alone. */
function numberOf({ changes }: Change, which: "from" | "to") {
  const listed = (list: unknown) => (Array.isArray(list) ? list.filter((one) => typeof one === "string") : []);
  const others = listed(changes.numbers?.[which === "to" ? "from" : "to"]);
  return listed(changes.numbers?.[which])
    .filter((number) => !others.includes(number))
    .map(phone)
    .join(", ");
}

function fieldWords(field: string) {
  return FIELDS[field] ?? field.replaceAll("_", " ");
}
