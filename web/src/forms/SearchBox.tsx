/** One search, kept in the address: a pause in typing asks, and the list begins anew. */
import { useCallback } from "react";
import { useSearchParams } from "react-router";
import { TextField } from "../ui/Field";
import { useNarrow } from "./useNarrow";
import { useTyped } from "./useTyped";

export function SearchBox({ label }: { label: string }) {
  const [search] = useSearchParams();
  const narrow = useNarrow();
  const send = useCallback((wanted: string) => narrow({ q: wanted }), [narrow]);
  const { typed, setTyped } = useTyped({ inAddress: search.get("q") ?? "", isReadable: anything, send });
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

function anything() {
  return true;
}
