/** How far behind the world the page is: the stream's own words, or that we lost it. */
import { useLive } from "../../api/live";
import type { Freshness as Fresh } from "../../api/queries";
import { classes } from "../../ui/classes";
import { plural } from "../../ui/figures";
import { exactTime, tenths, timeOfDay } from "../../ui/time";

interface Props {
  freshness: Fresh | undefined;
  /** The last question failed, so what stands here is old. */
  failed?: boolean;
}

export function Freshness({ freshness, failed = false }: Props) {
  const live = useLive();
  const { words, dot } = said(freshness, failed || live === "lost");
  return (
    <p
      data-testid="freshness"
      className="figures flex min-h-5 items-center gap-1.5 text-xs whitespace-nowrap text-quiet"
      title={freshness?.as_of ? `Shows everything up to ${exactTime(freshness.as_of)}` : undefined}
    >
      <span aria-hidden className={classes("size-2 rounded-full", dot)} />
      {words}
    </p>
  );
}

function said(freshness: Fresh | undefined, lost: boolean) {
  const upTo = freshness?.as_of ? ` · shows ${timeOfDay(freshness.as_of)}` : "";
  if (lost) return { words: `Reconnecting${upTo}`, dot: "bg-late" };
  if (!freshness) return { words: "Connecting", dot: "bg-line" };
  switch (freshness.state) {
    case "live":
      return { words: `Live · ${tenths(freshness.lag_ms)} behind`, dot: "bg-accent" };
    case "behind":
      return { words: `Catching up · ${plural(freshness.lag_events, "event")} to go`, dot: "bg-late" };
    default:
      return { words: `Stalled${upTo}`, dot: "bg-bad" };
  }
}
