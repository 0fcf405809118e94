/**
 * Keeps people from losing what they typed: forms say whether they hold something unsaved,
 * and leaving the page then asks first. One question for all forms of a page, for the router
 * can be stopped by one place alone.
 */
import { type ReactNode, createContext, use, useCallback, useEffect, useId, useMemo, useRef, useState } from "react";
import { useBlocker } from "react-router";
import { ConfirmDialog } from "../ui/Dialog";

interface Unsaved {
  note: (form: string, isUnsaved: boolean) => void;
  mayLeave: () => Promise<boolean>;
  letGo: () => void;
}

const Around = createContext<Unsaved | null>(null);

export function UnsavedGuard({ children }: { children: ReactNode }) {
  const unsaved = useRef(new Set<string>());
  /** Answers whoever waits for it. */
  const [asked, setAsked] = useState<{ answer: (leaves: boolean) => void } | null>(null);
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) =>
      unsaved.current.size > 0 && currentLocation.pathname !== nextLocation.pathname,
  );
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (unsaved.current.size > 0) event.preventDefault();
    };
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, []);
  const guard = useMemo<Unsaved>(
    () => ({
      note: (form, isUnsaved) => {
        if (isUnsaved) unsaved.current.add(form);
        else unsaved.current.delete(form);
      },
      mayLeave: async () => {
        if (unsaved.current.size === 0) return true;
        const leaves = await new Promise<boolean>((answer) => setAsked({ answer }));
        setAsked(null);
        // Asked and answered: the way out does not ask again.
        if (leaves) unsaved.current.clear();
        return leaves;
      },
      letGo: () => unsaved.current.clear(),
    }),
    [],
  );
  return (
    <Around value={guard}>
      {children}
      {asked && <Question stay={() => asked.answer(false)} leave={() => asked.answer(true)} />}
      {blocker.state === "blocked" && (
        <Question stay={() => blocker.reset()} leave={() => blocker.proceed()} />
      )}
    </Around>
  );
}

function Question({ stay, leave }: { stay: () => void; leave: () => void }) {
  return (
    <ConfirmDialog
      title="Leave without saving?"
      does="Leave without saving"
      cancel="Stay here"
      close={stay}
      confirm={leave}
    >
      <p>What you changed on this page has not been saved and would be lost.</p>
    </ConfirmDialog>
  );
}

/** Before something that takes the page away without a navigation: asks if anything is unsaved. */
export function useMayLeave(): () => Promise<boolean> {
  const guard = use(Around);
  return useCallback(() => guard?.mayLeave() ?? Promise.resolve(true), [guard]);
}

/** What all forms of the page were about is gone: leave it without a question. */
export function useLetGo(): () => void {
  const guard = use(Around);
  return useCallback(() => guard?.letGo(), [guard]);
}

/** Says whether this form holds something unsaved. What is returned lets it go at once, before a planned leave. */
export function useUnsaved(isUnsaved: boolean): () => void {
  const guard = use(Around);
  const id = useId();
  useEffect(() => {
    guard?.note(id, isUnsaved);
    return () => guard?.note(id, false);
  }, [guard, id, isUnsaved]);
  return useCallback(() => guard?.note(id, false), [guard, id]);
}
