/**
 * A field whose text goes into the address: after a pause in typing, for each change is a question
 * to the server and a step in the history. What another link changed shows; our own change does
 * not overwrite what was typed since.
 */
import { useCallback, useEffect, useState } from "react";

const TYPING_MS = 300;

interface Options {
  inAddress: string;
  /** What cannot be asked for stays in the field alone. */
  isReadable: (text: string) => boolean;
  /** The same function at each drawing, or the pause begins anew. */
  send: (text: string) => void;
}

export function useTyped({ inAddress, isReadable, send }: Options) {
  const [typed, setTyped] = useState(inAddress);
  const [sent, setSent] = useState(inAddress);
  const [known, setKnown] = useState(inAddress);
  if (known !== inAddress) {
    setKnown(inAddress);
    if (sent !== inAddress) {
      setTyped(inAddress);
      setSent(inAddress);
    }
  }
  const wanted = typed.trim();
  const readable = wanted === "" || isReadable(wanted);
  const sendNow = useCallback(
    (text: string) => {
      setSent(text);
      send(text);
    },
    [send],
  );
  useEffect(() => {
    if (wanted === sent || !readable) return;
    const timer = window.setTimeout(() => sendNow(wanted), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [wanted, sent, readable, sendNow]);
  return {
    typed,
    setTyped,
    readable,
    /** Without waiting for the pause. */
    enter: () => {
      if (wanted !== sent && readable) sendNow(wanted);
    },
    clear: () => {
      setTyped("");
      if (sent !== "") sendNow("");
    },
  };
}
