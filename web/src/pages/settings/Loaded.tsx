/** A settings page that asks something: its frame stands at once, then what was asked, or why it is not there. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Awaiting } from "../../ui/Awaiting";
import { Panel } from "../../ui/Panel";
import { Failure } from "../shell/Failure";

interface Props<T> {
  title: string;
  hint?: string;
  query: UseQueryResult<T>;
  /** How tall it usually is, so that nothing jumps. */
  tall?: string;
  flush?: boolean;
  control?: ReactNode;
  children: (data: T) => ReactNode;
}

export function Loaded<T>({ title, hint, query, tall = "h-40", flush = false, control, children }: Props<T>) {
  const { data, error } = query;
  return (
    <Panel {...{ title, hint, control }} flush={flush && data !== undefined}>
      {data !== undefined ? (
        children(data)
      ) : error ? (
        <Failure error={error} again={() => void query.refetch()} />
      ) : (
        <Awaiting className={tall} />
      )}
    </Panel>
  );
}
