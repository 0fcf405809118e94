/** Narrows a list by parts of the address, beginning at its first page again. What is undefined is taken away. */
import { useCallback } from "react";
import { useSearchParams } from "react-router";

export function useNarrow() {
  const [, setSearch] = useSearchParams();
  return useCallback(
    (parts: Record<string, string | undefined>) =>
      setSearch((now) => {
        const next = new URLSearchParams(now);
        next.delete("cursor");
        for (const [name, value] of Object.entries(parts)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      }),
    [setSearch],
  );
}
