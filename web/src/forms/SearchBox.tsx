/** One search, kept in the address: a pause in typing asks, and the list begins anew. */
import { useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import { TextField } from "../ui/Field";

/** Each change is a question to the server and a step in the history. */
const TYPING_MS = 300;

export function SearchBox({ label }: { label: string }) {
  const [search, setSearch] = useSearchParams();
  const inAddress = search.get("q") ?? "";
  const [typed, setTyped] = useState(inAddress);
  const [known, setKnown] = useState(inAddress);
  if (known !== inAddress) {
    setKnown(inAddress);
    // Another link changed it; our own change must not overwrite what was typed since.
    if (typed.trim() !== inAddress) setTyped(inAddress);
  }
  useEffect(() => {
    const wanted = typed.trim();
    if (wanted === inAddress) return;
    const timer = window.setTimeout(() => {
      setSearch((now) => {
        const next = new URLSearchParams(now);
        next.delete("cursor");
        if (wanted) next.set("q", wanted);
        else next.delete("q");
        return next;
      });
    }, TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [typed, inAddress, setSearch]);
  return (
    <div className="max-w-80 min-w-0 flex-1">
      <TextField
        label={label}
        quietLabel
        type="search"
        placeholder={label}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </div>
  );
}
