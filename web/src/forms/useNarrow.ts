/** Changes of what a page asks for, kept in its address. */
import { useCallback, useLayoutEffect, useRef } from "react";
import { useNavigation, useSearchParams } from "react-router";

/**
 * Changes what stands in the address. The address follows a moment later, so a second change builds on
 * the first, not on what the address still says.
 */
export function useAddressed<T>(inAddress: T, write: (next: T) => void) {
  const { state } = useNavigation();
  const latest = useRef(inAddress);
  // With the drawing: a change made on what is seen then would be forgotten by an effect that comes later.
  useLayoutEffect(() => {
    if (state === "idle") latest.current = inAddress;
  }, [inAddress, state]);
  return useCallback(
    (change: (latest: T) => T) => {
      latest.current = change(latest.current);
      write(latest.current);
    },
    [write],
  );
}

/** Narrows a list by parts of the address, beginning at its first page again. What is undefined is taken away. */
export function useNarrow() {
  const [search, setSearch] = useSearchParams();
  const change = useAddressed(search, setSearch);
  return useCallback(
    (parts: Record<string, string | undefined>) =>
      change((latest) => {
        const next = new URLSearchParams(latest);
        next.delete("cursor");
        for (const [name, value] of Object.entries(parts)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      }),
    [change],
  );
}
