/**
 * Goes to a page of the same frame, and has gone when the page before is no more. The router's own promise may
 * end earlier: on a slow machine that page is drawn once more, and would ask for what is not its any longer.
 */
import { useCallback, useEffect, useRef } from "react";
import { useLocation, useNavigate } from "react-router";

export function useGoTo(): (path: string) => Promise<void> {
  const navigate = useNavigate();
  const location = useLocation();
  const waiting = useRef<{ path: string; there: () => void } | null>(null);
  useEffect(() => {
    // One drawing takes away the page before and has the new location.
    if (waiting.current?.path !== location.pathname) return;
    waiting.current.there();
    waiting.current = null;
  }, [location]);
  return useCallback(
    async (path) => {
      const there = new Promise<void>((resolve) => {
        waiting.current = { path, there: resolve };
      });
      await navigate(path);
      await there;
    },
    [navigate],
  );
}
