/** What drives the cost of a call: the quantities each provider will bill. */
import type { OneCall } from "../../api/queries";
import { count } from "../../ui/figures";
import { Panel } from "../../ui/Panel";
import { sentence } from "../calls/words";

export function Cost({ call }: { call: OneCall["call"] }) {
  if (call.usage.length === 0) return null;
  return (
    <Panel title="What it used">
      <ul className="flex flex-col gap-3">
        {call.usage.map((usage, at) => (
          <li key={at}>
            <p className="flex items-baseline justify-between gap-4">
              <span className="truncate">{sentence(usage.kind)}</span>
              <bdi className="truncate text-xs text-quiet">
                {[usage.provider, usage.model].filter(Boolean).join(" ")}
              </bdi>
            </p>
            <p className="figures flex flex-wrap gap-x-4 text-quiet">
              {Object.entries(usage.quantities).map(([name, quantity]) => (
                <span key={name}>
                  {count(quantity)} {name.replaceAll("_", " ")}
                </span>
              ))}
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
