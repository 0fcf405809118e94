/** A name and what it is, in a list of such pairs. What is not known is left out. */
import type { ReactNode } from "react";

export function Fact({ name, is }: { name: string; is: ReactNode }) {
  if (!is) return null;
  return (
    <div className="min-w-0">
      <dt className="text-xs text-quiet">{name}</dt>
      <dd className="whitespace-pre-line [overflow-wrap:anywhere]">{is}</dd>
    </div>
  );
}
