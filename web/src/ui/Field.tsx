/** Labelled inputs: label above, help or the error below in the same place. */
import { type ComponentProps, type ReactNode, useId } from "react";
import { classes } from "./classes";

const BOX =
  "h-10 w-full min-w-0 rounded-inner border border-edge bg-surface px-3 text-sm text-ink placeholder:text-quiet aria-invalid:border-bad";

interface Around {
  label: string;
  help?: ReactNode;
  error?: string | null;
  /** The label is read aloud but not drawn: the place says what the field is. */
  quietLabel?: boolean;
}

export function TextField({ label, help, error, quietLabel, className, ...rest }: ComponentProps<"input"> & Around) {
  const id = useId();
  return (
    <Around id={id} {...{ label, help, error, quietLabel }}>
      <input
        {...rest}
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={(error ?? help) ? `${id}-below` : undefined}
        className={classes(BOX, className)}
      />
    </Around>
  );
}

export function Choice({
  label,
  help,
  error,
  quietLabel,
  className,
  children,
  ...rest
}: ComponentProps<"select"> & Around) {
  const id = useId();
  return (
    <Around id={id} {...{ label, help, error, quietLabel }}>
      <span className="relative block">
        <select {...rest} id={id} className={classes(BOX, "appearance-none truncate pr-8", className)}>
          {children}
        </select>
        <svg
          aria-hidden
          viewBox="0 0 12 12"
          className="pointer-events-none absolute top-1/2 right-3 size-3 -translate-y-1/2 text-quiet"
        >
          <path d="m2 4 4 4 4-4" fill="none" stroke="currentColor" strokeWidth="1.5" />
        </svg>
      </span>
    </Around>
  );
}

function Around({ id, label, help, error, quietLabel, children }: Around & { id: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className={quietLabel ? "sr-only" : "text-xs font-medium text-quiet"}>
        {label}
      </label>
      {children}
      {(error ?? help) && (
        <p
          id={`${id}-below`}
          role={error ? "alert" : undefined}
          className={classes("text-xs", error ? "text-bad" : "text-quiet")}
        >
          {error ?? help}
        </p>
      )}
    </div>
  );
}
