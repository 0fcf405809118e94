/** What the address holds and no filter is: said, for a longer list would look right, with a way to be rid of it. */
import { Button } from "../ui/Button";

interface Props {
  /** As `name=value`. */
  parts: string[];
  clear: () => void;
}

export function LeftOut({ parts, clear }: Props) {
  if (parts.length === 0) return null;
  const isDay = (part: string) => /^(from|to)=/.test(part);
  const days = parts.filter(isDay).map((part) => part.replace(/^\w+=/, ""));
  const others = parts.filter((part) => !isDay(part));
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <p role="status" className="text-xs text-late [overflow-wrap:anywhere]">
        {[
          days.length > 0 && `Left out, for there is no such day: ${days.join(", ")}`,
          others.length > 0 && `Left out, for it is no filter here: ${others.join(", ")}`,
        ]
          .filter(Boolean)
          .join(". ")}
      </p>
      <Button look="text" className="text-xs" onClick={clear}>
        Clear it
      </Button>
    </div>
  );
}
