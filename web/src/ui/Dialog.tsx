/**
 * What must be answered before anything else: the browser's own modal dialog. It holds the
 * focus, lets go at Escape and gives the focus back, without a style element the content
 * security policy would refuse. It is there while it is drawn: whoever opens it draws it.
 *
 * A browser closes a dialog at a second Escape, whatever the page says to the first. One that
 * must not be lost is opened again at once.
 */
import { type MouseEvent, type ReactNode, useId, useLayoutEffect, useRef, useState } from "react";
import { Button } from "./Button";
import { TextField } from "./Field";

interface Props {
  title: string;
  /** Asked for by Escape, a press beside it or "Cancel". Without it only a button inside closes the dialog. */
  close?: () => void;
  children: ReactNode;
}

export function Dialog({ title, close, children }: Props) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    // Before it is taken away, so that the focus goes back to where it came from.
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        close?.();
      }}
      onClose={() => {
        // Told a moment later: by then it may be taken away, or open again.
        const shown = dialog.current;
        if (!shown || shown.open) return;
        if (close) close();
        else shown.showModal();
      }}
      onMouseDown={(event) => {
        if (isBeside(event)) close?.();
      }}
      className="m-auto max-h-[calc(100dvh-32px)] w-[min(480px,calc(100vw-32px))] overflow-y-auto rounded-card border border-line bg-surface text-ink shadow-float backdrop:bg-veil"
    >
      <div className="flex flex-col gap-4 p-5">
        <h2 id={id} className="text-lg font-semibold [overflow-wrap:anywhere]">
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}

/** Its scroll bar and its edge are pressed as the dialog itself, just as what lies around it. */
function isBeside({ target, currentTarget, clientX, clientY }: MouseEvent) {
  if (target !== currentTarget) return false;
  const { left, right, top, bottom } = currentTarget.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}

interface ConfirmProps extends Props {
  close: () => void;
  /** What the button does: "Delete the business". */
  does: string;
  confirm: () => Promise<void> | void;
  /** For what cannot be undone: the name to be typed first. */
  typed?: string;
  /** It can be taken back, so the button does not warn. */
  harmless?: boolean;
  /** Why the last try failed, in words. */
  words?: (error: unknown) => string;
  cancel?: string;
}

/** Asks before something is destroyed. Its children name the consequence. */
export function ConfirmDialog({ title, close, children, ...act }: ConfirmProps) {
  const { does, confirm, typed, harmless = false, words, cancel = "Cancel" } = act;
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  async function go() {
    setBusy(true);
    setFailure(null);
    try {
      await confirm();
    } catch (error) {
      setFailure(words?.(error) ?? "This did not work. Try again.");
      setBusy(false);
    }
  }

  return (
    // What is under way is not taken back by going away.
    <Dialog title={title} close={busy ? undefined : close}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        <div className="flex flex-col gap-2 [overflow-wrap:anywhere]">{children}</div>
        {typed && (
          <TextField
            label={`Type “${typed}” to confirm`}
            value={name}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setName(event.target.value)}
          />
        )}
        {failure && (
          <p role="alert" className="text-bad">
            {failure}
          </p>
        )}
        <div className="flex flex-wrap justify-end gap-2">
          <Button disabled={busy} onClick={close}>
            {cancel}
          </Button>
          <Button
            type="submit"
            look={harmless ? "strong" : "danger"}
            disabled={busy || (typed !== undefined && name.trim() !== typed)}
          >
            {does}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
