/** A business in words: what it is, and what it still lacks to be of use. */
import type { Business, Professions } from "../api/businesses";

export function professionWords(profession: string, known: Professions | undefined) {
  return known?.professions.find(({ id }) => id === profession)?.name ?? profession;
}

export function voiceWords(voice: string, known: Professions | undefined) {
  return known?.voices.find(({ id }) => id === voice)?.name ?? voice;
}

/** Empty when calls can come and be answered well. */
export function lacks(business: Business): string[] {
  return [
    business.numbers.length === 0 && "no number yet",
    business.greeting === "" && "no greeting",
    business.instructions === "" && "no instructions",
    Object.values(business.hours).every((spans) => spans.length === 0) && "no opening hours",
  ].filter((words) => words !== false);
}
