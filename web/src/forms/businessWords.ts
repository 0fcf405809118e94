/** A business in words: what it is, and what it still lacks to be of use. */
import type { Business, ListedBusiness, Professions } from "../api/businesses";

export function professionWords(profession: string, known: Professions | undefined) {
  return known?.professions.find(({ id }) => id === profession)?.name ?? profession;
}

export function voiceWords(voice: string, known: Professions | undefined) {
  return known?.voices.find(({ id }) => id === voice)?.name ?? voice;
}

/** Empty when calls can come and be answered well. */
export function lacks(business: Business | ListedBusiness): string[] {
  const { has_greeting, has_instructions } =
    "greeting" in business
      ? { has_greeting: business.greeting !== "", has_instructions: business.instructions !== "" }
      : business;
  return [
    business.numbers.length === 0 && "no number yet",
    !has_greeting && "no greeting",
    !has_instructions && "no instructions",
    Object.values(business.hours).every((spans) => spans.length === 0) && "no opening hours",
  ].filter((words) => words !== false);
}
