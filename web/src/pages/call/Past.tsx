/** Says that the page shows the past, and leads back. */
import { Link, useSearchParams } from "react-router";
import { serverNow } from "../../api/serverClock";
import { buttonLook } from "../../ui/Button";
import { day, exactTime } from "../../ui/time";
import { atMoment } from "./asKnown";

export function Past({ at, complete }: { at: string; complete: boolean }) {
  const [search] = useSearchParams();
  const readable = !Number.isNaN(Date.parse(at));
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 rounded-inner bg-late-soft px-3 py-1.5">
      <p role="status" className="figures">
        {readable ? (
          <>
            As known at{" "}
            <time dateTime={at} className="font-semibold">
              {exactTime(at)}
            </time>
            , {day(at, new Date(serverNow()))}
          </>
        ) : (
          "The address names no time"
        )}
        {!complete && ". The room had more events than can be looked at, so something may be missing."}
      </p>
      <Link
        to={{ search: atMoment(search, null).toString() }}
        replace
        preventScrollReset
        className={buttonLook("text", "min-h-9")}
      >
        Back to now
      </Link>
    </div>
  );
}
