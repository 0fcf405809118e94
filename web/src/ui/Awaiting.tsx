/** Holds the place of what is loading, at the size it will have. Silent: the page says "busy" once. */
import { classes } from "./classes";

export function Awaiting({ className }: { className: string }) {
  return <span aria-hidden className={classes("awaiting block", className)} />;
}

export function AwaitingRows({ rows, className = "h-10" }: { rows: number; className?: string }) {
  return (
    <div aria-hidden className="flex flex-col">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className={classes("flex items-center border-t border-line px-5", className)}>
          <span className="awaiting block h-3 w-full" />
        </div>
      ))}
    </div>
  );
}
