/** Looks for what was said on a call. Enter asks at once; Escape and the button empty it. */
import { type KeyboardEvent, useCallback, useRef } from "react";
import { type CallFilter, isWords } from "../api/callFilter";
import { Button } from "../ui/Button";
import { TextField } from "../ui/Field";
import { useTyped } from "./useTyped";

interface Props {
  filter: CallFilter;
  change: (part: Partial<CallFilter>) => void;
}

/** More than anybody types; sixteen words are within it. */
const LONGEST = 200;

export function WordsField({ filter, change }: Props) {
  const send = useCallback((q: string) => change({ q }), [change]);
  const words = useTyped({ inAddress: filter.q ?? "", isReadable: isWords, send });
  const box = useRef<HTMLInputElement>(null);

  function press(event: KeyboardEvent) {
    if (event.key === "Enter") words.enter();
    if (event.key !== "Escape" || words.typed === "") return;
    // The call beside the list stays open: this Escape was for the words.
    event.preventDefault();
    words.clear();
  }

  return (
    <div role="search" className="relative">
      <TextField
        ref={box}
        label="Words said on a call"
        quietLabel
        type="search"
        enterKeyHint="search"
        placeholder="Words said on a call"
        maxLength={LONGEST}
        autoComplete="off"
        error={words.readable ? null : "One word of letters or digits at least, sixteen at most."}
        value={words.typed}
        onChange={(event) => words.setTyped(event.target.value)}
        onKeyDown={press}
        className="[&::-webkit-search-cancel-button]:hidden"
      />
      {words.typed !== "" && (
        <Button
          look="text"
          aria-label="Clear the words"
          className="absolute top-px right-px h-9.5 bg-surface px-3 text-xs"
          onClick={() => {
            words.clear();
            box.current?.focus();
          }}
        >
          Clear
        </Button>
      )}
    </div>
  );
}
