/** The providers' own names for this call, for whoever must look it up there. An owner never needs them. */
import type { OneCall } from "../../api/queries";
import { Unfold } from "../../ui/Unfold";
import { Cost } from "./Cost";

export function Behind({ call }: { call: OneCall["call"] }) {
  const names: [string, string | null | undefined][] = [
    ["Ended with", call.end_reason?.code],
    ["Room", call.room_name],
    ["Room's id", call.room_sid],
    ["Caller's id in it", call.call_key],
    ["Call", call.id],
  ];
  return (
    <Unfold words="Technical details" look="text-xs text-quiet hover:text-ink" className="px-5">
      <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-xs text-quiet">
        {names.map(
          ([name, code]) =>
            code && (
              <div key={name} className="contents">
                <dt>{name}</dt>
                <dd className="font-mono [overflow-wrap:anywhere]">{code}</dd>
              </div>
            ),
        )}
      </dl>
      <Cost call={call} />
    </Unfold>
  );
}
