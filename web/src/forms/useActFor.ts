/** The way over to another account, and why it was not gone. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { actFor } from "../api/me";
import { paths } from "../paths";
import { useMayLeave } from "./Unsaved";
import { problemWords } from "./problemWords";
import { useGoTo } from "./useGoTo";

export function useActFor() {
  const queries = useQueryClient();
  const mayLeave = useMayLeave();
  const goTo = useGoTo();
  const [failure, setFailure] = useState<string | null>(null);

  /** Whether it is done. */
  async function go(account: string): Promise<boolean> {
    setFailure(null);
    if (!(await mayLeave())) return false;
    try {
      // Away from the page first: what it shows is the other account's.
      await goTo(paths.overview());
      await actFor(queries, account);
      return true;
    } catch (error) {
      setFailure(problemWords(error));
      return false;
    }
  }

  return { actFor: go, failure };
}
