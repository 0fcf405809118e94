/** Puts a text into the clipboard and says that it is there, or that it could not be put there. */
import { useState } from "react";
import { Button, type Look } from "./Button";

export function Copy({ text, does, look = "text" }: { text: string; does: string; look?: Look }) {
  const [said, setSaid] = useState<string | null>(null);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("Select it and copy it by hand: the browser does not allow this");
    }
  }
  return (
    <>
      <Button look={look} onClick={() => void copy()}>
        {does}
      </Button>
      <span role="status" className="self-center text-xs text-accent">
        {said}
      </span>
    </>
  );
}
