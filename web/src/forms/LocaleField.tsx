/** How days, times and figures are written, each shown by an example: few people know their locale's code. */
import type { ComponentProps } from "react";
import { Choice } from "../ui/Field";

const LOCALES = [
  "en-US", "en-GB", "en-AU", "en-CA", "en-IE", "en-IN", "en-NZ", "en-ZA",
  "ar-EG", "cs-CZ", "da-DK", "de-AT", "de-CH", "de-DE", "el-GR", "es-ES", "es-MX", "es-US", "fi-FI", "fr-CA", "fr-FR",
  "he-IL", "hi-IN", "hu-HU", "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL", "pl-PL", "pt-BR", "pt-PT", "ro-RO", "sv-SE",
  "tr-TR", "uk-UA", "zh-CN", "zh-TW",
]; // prettier-ignore

export function LocaleField({ current, ...rest }: ComponentProps<typeof Choice> & { current: string }) {
  const names = new Intl.DisplayNames("en", { type: "language" });
  const all = current && !LOCALES.includes(current) ? [current, ...LOCALES] : LOCALES;
  return (
    <Choice {...rest} help="The dashboard's words are English in each.">
      {all.map((locale) => (
        <option key={locale} value={locale}>
          {`${nameOf(names, locale)}: ${exampleOf(locale)}`}
        </option>
      ))}
    </Choice>
  );
}

function nameOf(names: Intl.DisplayNames, locale: string) {
  try {
    return names.of(locale) ?? locale;
  } catch {
    return locale;
  }
}

function exampleOf(locale: string) {
  const date = new Date(Date.UTC(2026, 10, 24, 15, 5));
  const how: Intl.DateTimeFormatOptions = {
    day: "numeric",
    month: "short",
    hour: "numeric",
    minute: "2-digit",
    timeZone: "UTC",
  };
  try {
    return `${date.toLocaleString(locale, how)}, ${(1234.5).toLocaleString(locale)}`;
  } catch {
    return "as this browser writes them";
  }
}
