/** Things that are on or off, and one of a few: the browser's own inputs, drawn our way. */
import { type ComponentProps, type ReactNode, useId } from "react";
import { classes } from "./classes";

interface Around {
  label: ReactNode;
  help?: ReactNode;
}

/** On or off at once or with the form: the words lead, the switch stands at the end of their line. */
export function Switch({ label, help, className, ...rest }: Omit<ComponentProps<"input">, "type"> & Around) {
  const id = useId();
  return (
    <div className={classes("flex items-start justify-between gap-4", className)}>
      <div className="min-w-0">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {help && (
          <p id={`${id}-help`} className="text-xs text-quiet">
            {help}
          </p>
        )}
      </div>
      <input
        {...rest}
        id={id}
        type="checkbox"
        role="switch"
        aria-describedby={help ? `${id}-help` : undefined}
        className={classes(
          "relative h-6 w-10 shrink-0 cursor-pointer appearance-none rounded-full border border-edge bg-sunken transition-colors",
          "before:absolute before:top-1/2 before:left-0.5 before:size-4.5 before:-translate-y-1/2 before:rounded-full before:bg-edge before:transition-transform",
          "checked:border-accent checked:bg-accent checked:before:translate-x-3.5 checked:before:bg-on-accent",
          "disabled:opacity-50 forced-colors:appearance-auto",
        )}
      />
    </div>
  );
}

/** One of several that may be chosen together. */
export function Tick({ label, help, className, ...rest }: Omit<ComponentProps<"input">, "type"> & Around) {
  return <Marked kind="checkbox" {...{ label, help, className, ...rest }} />;
}

/** One of several of which one is chosen. */
export function Dot({ label, help, className, ...rest }: Omit<ComponentProps<"input">, "type"> & Around) {
  return <Marked kind="radio" {...{ label, help, className, ...rest }} />;
}

function Marked({ kind, label, help, className, ...rest }: ComponentProps<"input"> & Around & { kind: string }) {
  const id = useId();
  return (
    <div className={classes("grid grid-cols-[auto_minmax(0,1fr)] items-start gap-x-2.5", className)}>
      <input
        {...rest}
        id={id}
        type={kind}
        aria-describedby={help ? `${id}-help` : undefined}
        className="mt-0.5 size-4 cursor-pointer accent-accent"
      />
      <label htmlFor={id} className="min-w-0">
        {label}
      </label>
      {help && (
        <p id={`${id}-help`} className="col-start-2 text-xs text-quiet">
          {help}
        </p>
      )}
    </div>
  );
}

/** What belongs together under one question; an error stands below all of it. */
export function Group({
  legend,
  help,
  error,
  className,
  children,
}: {
  legend: string;
  help?: ReactNode;
  error?: string | null;
  className?: string;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <fieldset className="min-w-0" aria-describedby={(error ?? help) ? `${id}-below` : undefined}>
      <legend className="mb-1.5 text-xs font-medium text-quiet">{legend}</legend>
      <div className={className}>{children}</div>
      {(error ?? help) && (
        <p
          id={`${id}-below`}
          role={error ? "alert" : undefined}
          className={classes("mt-1 text-xs", error ? "text-bad" : "text-quiet")}
        >
          {error ?? help}
        </p>
      )}
    </fieldset>
  );
}
