/** What stands around every page before the dashboard: one column, one question. */
import { type ReactNode, useEffect, useRef } from "react";

export function Door({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-door flex-col justify-center gap-4 px-4 py-10">
      <title>{`${title} · Frontdesk`}</title>
      <p className="flex items-center gap-2.5 text-md font-semibold">
        <img src="/icon.svg" alt="" width="28" height="28" />
        Frontdesk
      </p>
      <Title>{title}</Title>
      {children}
    </main>
  );
}

/** What stood here last, since the window was loaded. */
let drawn: string | null = null;

/**
 * What was sent makes way for what became of it, and takes the focus with it: the next one's heading has
 * it then, and is read aloud. A page that was loaded begins at its top, and one with a field in the field.
 */
function Title({ children }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const isNext = drawn !== null && drawn !== children;
    drawn = children;
    if (isNext && document.activeElement === document.body) heading.current?.focus();
  }, [children]);
  return (
    <h1 ref={heading} tabIndex={-1} className="text-xl font-semibold [overflow-wrap:anywhere]">
      {children}
    </h1>
  );
}

/** One line under a form that leads to another. */
export function Elsewhere({ children }: { children: ReactNode }) {
  return <p className="text-quiet">{children}</p>;
}

export const DOOR_LINK = "inline-block font-medium text-accent underline underline-offset-3";
