/** A page's name on the left, how fresh it is on the right. */
import type { ReactNode } from "react";

export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="flex min-h-9 items-center justify-between gap-4">
      <title>{`${title} · Frontdesk`}</title>
      <h1 className="text-lg font-semibold">{title}</h1>
      {children}
    </div>
  );
}
