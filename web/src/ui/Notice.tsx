/** What stands where rows would: why there are none, what is safe, and the way on. */
import type { ReactNode } from "react";

interface Props {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** A failure is announced; an empty list is not. */
  failure?: boolean;
}

export function Notice({ title, children, action, failure = false }: Props) {
  return (
    <div
      role={failure ? "alert" : undefined}
      className="mx-auto flex max-w-reading flex-col items-center gap-2 px-5 py-10 text-center"
    >
      <p className="text-md font-semibold">{title}</p>
      {children && <div className="flex flex-col gap-1 text-quiet [overflow-wrap:anywhere]">{children}</div>}
      {action && <div className="mt-2 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}
