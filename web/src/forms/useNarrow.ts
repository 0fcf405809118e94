/**
 * Narrows a list by parts of the address, beginning at its first page again. What is undefined is
 * taken away. The address follows a moment later, so a second change builds on the first, not on
 * what the address still says.
 */
import { useCallback, useEffect, useRef } from "react";
import { useNavigation, useSearchParams } from "react-router";

export function useNarrow() {
  const [search, setSearch] = useSearchParams();
  const { state } = useNavigation();
  const latest = useRef(search);
  useEffect(() => {
    if (state === "idle") latest.current = search;
  }, [search, state]);
  return useCallback(
    (parts: Record<string, string | undefined>) => {
      const next = new URLSearchParams(latest.current);
      next.delete("cursor");
      for (const [name, value] of Object.entries(parts)) {
        if (value) next.set(name, value);
        else next.delete(name);
      }
      latest.current = next;
      setSearch(next);
    },
    [setSearch],
  );
}
