/** A time zone by its name, by region. One this browser does not list, but somebody chose, stays choosable. */
import type { ComponentProps } from "react";
import { Choice } from "../ui/Field";

export function TimeZoneField({ current, ...rest }: ComponentProps<typeof Choice> & { current: string }) {
  const regions = Object.groupBy(known(current), (zone) => (zone.includes("/") ? (zone.split("/")[0] ?? "") : "Other"));
  return (
    <Choice {...rest}>
      {Object.entries(regions).map(([region, zones]) => (
        <optgroup key={region} label={region}>
          {zones?.map((zone) => (
            <option key={zone} value={zone}>
              {zoneWords(zone)}
            </option>
          ))}
        </optgroup>
      ))}
    </Choice>
  );
}

/** `America/New_York` as it is said. */
export function zoneWords(zone: string) {
  return zone.replaceAll("_", " ");
}

function known(current: string) {
  const zones = new Set([...Intl.supportedValuesOf("timeZone"), "UTC"]);
  if (current) zones.add(current);
  return [...zones].sort();
}
