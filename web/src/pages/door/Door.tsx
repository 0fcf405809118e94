/** What stands around every page before the dashboard: one column, one question. */
import type { ReactNode } from "react";

export function Door({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-door flex-col justify-center gap-4 px-4 py-10">
      <title>{`${title} · Frontdesk`}</title>
      <p className="flex items-center gap-2.5 text-md font-semibold">
        <img src="/icon.svg" alt="" width="28" height="28" />
        Frontdesk
      </p>
      <h1 className="text-xl font-semibold [overflow-wrap:anywhere]">{title}</h1>
      {children}
    </main>
  );
}

/** One line under a form that leads to another. */
export function Elsewhere({ children }: { children: ReactNode }) {
  return <p className="text-quiet">{children}</p>;
}

export const DOOR_LINK = "inline-block font-medium text-accent underline underline-offset-3";
