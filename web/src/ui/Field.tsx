/** Labelled inputs: label above, help or the error below in the same place. */
import { type ComponentProps, type ReactNode, useId, useState } from "react";
import { Button } from "./Button";
import { classes } from "./classes";

const LOOK =
  "w-full min-w-0 rounded-inner border border-edge bg-surface px-3 text-sm text-ink placeholder:text-quiet aria-invalid:border-bad disabled:bg-sunken disabled:text-quiet";
const BOX = `${LOOK} h-10`;

interface Around {
  label: string;
  help?: ReactNode;
  error?: string | null;
  /** The label is read aloud but not drawn: the place says what the field is. */
  quietLabel?: boolean;
}

export function TextField({ label, help, error, quietLabel, className, ...rest }: ComponentProps<"input"> & Around) {
  const { around, inside } = useField({ label, help, error, quietLabel });
  return (
    <Around {...around}>
      <input {...rest} {...inside} className={classes(BOX, className)} />
    </Around>
  );
}

/** What is typed can be looked at: a mistake that cannot be seen is made again. */
export function PasswordField({ label, help, error, className, ...rest }: ComponentProps<"input"> & Around) {
  const { around, inside } = useField({ label, help, error });
  const [shown, setShown] = useState(false);
  return (
    <Around {...around}>
      <span className="relative block">
        <input
          {...rest}
          {...inside}
          type={shown ? "text" : "password"}
          spellCheck={false}
          autoCapitalize="none"
          className={classes(BOX, "pr-16", className)}
        />
        <Button
          look="text"
          aria-label={`${shown ? "Hide" : "Show"} ${label.toLowerCase()}`}
          onClick={() => setShown(!shown)}
          className="absolute inset-y-0 right-0 px-3 text-xs"
        >
          {shown ? "Hide" : "Show"}
        </Button>
      </span>
    </Around>
  );
}

/** Several lines. It grows with what is written, to a height that leaves the rest of the form in sight. */
export function TextArea({ label, help, error, className, ...rest }: ComponentProps<"textarea"> & Around) {
  const { around, inside } = useField({ label, help, error });
  return (
    <Around {...around}>
      <textarea {...rest} {...inside} className={classes(LOOK, "field-sizing-content max-h-90 overflow-y-auto py-2", className)} />
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
  const { around, inside } = useField({ label, help, error, quietLabel });
  return (
    <Around {...around}>
      <span className="relative block">
        <select {...rest} {...inside} className={classes(BOX, "appearance-none truncate pr-8", className)}>
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

/** Ties the words around a field to it. */
function useField(words: Around) {
  const id = useId();
  return {
    around: { id, ...words },
    inside: {
      id,
      "aria-invalid": words.error ? true : undefined,
      "aria-describedby": (words.error ?? words.help) ? `${id}-below` : undefined,
    },
  };
}

function Around({ id, label, help, error, quietLabel, children }: Around & { id: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className={quietLabel ? "sr-only" : "text-xs font-medium text-quiet"}>
        {label}
      </label>
      {children}
      <Below id={id} {...{ help, error }} />
    </div>
  );
}

/** The one place under a field: what is wrong, else what helps. */
export function Below({ id, help, error }: { id: string } & Pick<Around, "help" | "error">) {
  if (!(error ?? help)) return null;
  return (
    <p
      id={`${id}-below`}
      role={error ? "alert" : undefined}
      className={classes("text-xs [overflow-wrap:anywhere]", error ? "text-bad" : "text-quiet")}
    >
      {error ?? help}
    </p>
  );
}
