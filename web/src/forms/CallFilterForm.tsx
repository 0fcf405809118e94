/**
 * The filter of the calls list. It has no state of its own but the number being
 * typed: what is chosen stands in the address at once, and the list follows.
 */
import * as Popover from "@radix-ui/react-popover";
import { useEffect, useState } from "react";
import type { CallFilter } from "../api/callFilter";
import { OUTCOMES, RESULTS, SENTIMENTS, STATES } from "../api/callFilter";
import { Button } from "../ui/Button";
import { Choice, TextField } from "../ui/Field";
import { LENGTHS, RESULT_WORDS, STATE_WORDS, lengthOf } from "./callFilterWords";

interface Props {
  filter: CallFilter;
  change: (filter: CallFilter) => void;
}

export function CallFilterForm({ filter, change }: Props) {
  return (
    <div className="flex w-full items-start gap-2 @form:w-80">
      <NumberField {...{ filter, change }} />
      <Popover.Root>
        <Popover.Trigger asChild>
          <Button className="h-10">Filters</Button>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            align="end"
            sideOffset={6}
            collisionPadding={16}
            aria-label="Filters"
            className="z-30 max-h-(--radix-popover-content-available-height) w-[min(360px,calc(100vw-32px))] overflow-y-auto rounded-card border border-line bg-surface p-5 shadow-float"
          >
            <Fields {...{ filter, change }} />
            <Popover.Close asChild>
              <Button look="strong" className="mt-5 w-full">
                Show these calls
              </Button>
            </Popover.Close>
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
    </div>
  );
}

/** Waits for a pause in typing: each change is a question to the server and a step in the history. */
const TYPING_MS = 300;

function NumberField({ filter, change }: Props) {
  const inAddress = filter.number ?? "";
  const [number, setNumber] = useState(inAddress);
  const [sent, setSent] = useState(inAddress);
  const [known, setKnown] = useState(inAddress);
  if (known !== inAddress) {
    setKnown(inAddress);
    // Another link changed it; our own change must not overwrite what was typed since.
    if (sent !== inAddress) setNumber(inAddress);
  }
  useEffect(() => {
    if (number.trim() === inAddress) return;
    const timer = window.setTimeout(() => {
      setSent(number.trim());
      change({ ...filter, number: number.trim() });
    }, TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [number, inAddress, filter, change]);
  return (
    <div className="min-w-0 flex-1">
      <TextField
        label="Number or part of one"
        quietLabel
        type="search"
        inputMode="tel"
        placeholder="Number or part of one"
        value={number}
        onChange={(event) => setNumber(event.target.value)}
      />
    </div>
  );
}

function Fields({ filter, change }: Props) {
  const set = (part: Partial<CallFilter>) => change({ ...filter, ...part });
  const pick = <T extends string>(choices: readonly T[], value: string) => choices.find((choice) => choice === value);
  return (
    <div className="grid grid-cols-2 gap-x-3 gap-y-4">
      <TextField label="From" type="date" value={filter.from?.slice(0, 10) ?? ""} max={filter.to?.slice(0, 10)} onChange={(event) => set({ from: event.target.value })} />
      <TextField label="Up to and including" type="date" value={filter.to?.slice(0, 10) ?? ""} min={filter.from?.slice(0, 10)} onChange={(event) => set({ to: event.target.value })} />
      <Choice label="State" value={filter.state ?? ""} onChange={(event) => set({ state: pick(STATES, event.target.value) })}>
        <option value="">Any</option>
        {STATES.map((state) => (
          <option key={state} value={state}>
            {STATE_WORDS[state]}
          </option>
        ))}
      </Choice>
      <Choice label="Result" value={filter.result ?? ""} onChange={(event) => set({ result: pick(RESULTS, event.target.value) })}>
        <option value="">Any</option>
        {RESULTS.map((result) => (
          <option key={result} value={result}>
            {RESULT_WORDS[result]}
          </option>
        ))}
      </Choice>
      <Choice label="Outcome" value={filter.outcome ?? ""} onChange={(event) => set({ outcome: pick(OUTCOMES, event.target.value) })}>
        <option value="">Any</option>
        <option value="success">Success</option>
        <option value="fail">No success</option>
        <option value="unknown">Unclear</option>
      </Choice>
      <Choice label="Sentiment" value={filter.sentiment ?? ""} onChange={(event) => set({ sentiment: pick(SENTIMENTS, event.target.value) })}>
        <option value="">Any</option>
        <option value="positive">Positive</option>
        <option value="neutral">Neutral</option>
        <option value="negative">Upset</option>
        <option value="unknown">Unknown</option>
      </Choice>
      <Choice
        label="Talked for"
        value={lengthOf(filter)?.key ?? ""}
        onChange={(event) => {
          const chosen = LENGTHS.find((length) => length.key === event.target.value);
          set({ min_talk_ms: chosen?.min, max_talk_ms: chosen?.max });
        }}
      >
        <option value="">Any length</option>
        {LENGTHS.map((length) => (
          <option key={length.key} value={length.key}>
            {length.words}
          </option>
        ))}
      </Choice>
      <Choice
        label="Recording"
        value={filter.has_recording === undefined ? "" : String(filter.has_recording)}
        onChange={(event) => set({ has_recording: event.target.value === "" ? undefined : event.target.value === "true" })}
      >
        <option value="">Any</option>
        <option value="true">Recorded</option>
        <option value="false">Not recorded</option>
      </Choice>
    </div>
  );
}
