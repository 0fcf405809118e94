/** A time zone by its name, by region. One this browser does not list, but somebody chose, stays choosable. */
import type { ComponentProps } from "react";
import { Choice } from "../ui/Field";

export function TimeZoneField({ current, ...rest }: ComponentProps<typeof Choice> & { current: string }) {
  return (
    <Choice {...rest}>
      {[...byRegion(current)].map(([region, zones]) => (
        <optgroup key={region} label={region}>
          {zones.map((zone) => (
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

function byRegion(current: string) {
  const known = new Set([...Intl.supportedValuesOf("timeZone"), "UTC", ...(current ? [current] : [])]);
  const regions = new Map<string, string[]>();
  for (const zone of [...known].sort()) {
    const region = zone.includes("/") ? zone.slice(0, zone.indexOf("/")) : "Other";
    regions.set(region, [...(regions.get(region) ?? []), zone]);
  }
  return regions;
}
