/**
 * The filter of the calls list. It has no state of its own but the number being
 * typed: what is chosen stands in the address at once, and the list follows.
 */
import * as Popover from "@radix-ui/react-popover";
import { type ChangeEvent, useEffect, useState } from "react";
import { type CallFilter, isNumberPart } from "../api/callFilter";
import { Button } from "../ui/Button";
import { Choice, TextField } from "../ui/Field";
import {
  LENGTHS,
  LENGTH_WORDS,
  OUTCOME_WORDS,
  RECORDING_WORDS,
  RESULT_WORDS,
  SENTIMENT_WORDS,
  STATE_WORDS,
  lengthOf,
} from "./callFilterWords";

interface Props {
  filter: CallFilter;
  /** Changes these parts and leaves the others. */
  change: (part: Partial<CallFilter>) => void;
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
  const readable = number.trim() === "" || isNumberPart(number);
  useEffect(() => {
    if (number.trim() === inAddress || !readable) return;
    const timer = window.setTimeout(() => {
      setSent(number.trim());
      change({ number: number.trim() });
    }, TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [number, inAddress, readable, change]);
  return (
    <div className="min-w-0 flex-1">
      <TextField
        label="Number or part of one"
        quietLabel
        type="search"
        inputMode="tel"
        placeholder="Number or part of one"
        error={readable ? null : "Up to 15 digits: the search is by number."}
        value={number}
        onChange={(event) => setNumber(event.target.value)}
      />
    </div>
  );
}

function Fields({ filter, change }: Props) {
  const days = { from: filter.from?.slice(0, 10), to: filter.to?.slice(0, 10) };
  return (
    <div className="grid grid-cols-2 gap-x-3 gap-y-4">
      <Day label="From" value={days.from} max={days.to} choose={(from) => change({ from })} />
      <Day label="Up to and including" value={days.to} min={days.from} choose={(to) => change({ to })} />
      <OneOf label="State" words={STATE_WORDS} value={filter.state} choose={(state) => change({ state })} />
      <OneOf label="Result" words={RESULT_WORDS} value={filter.result} choose={(result) => change({ result })} />
      <OneOf label="Outcome" words={OUTCOME_WORDS} value={filter.outcome} choose={(outcome) => change({ outcome })} />
      <OneOf
        label="Sentiment"
        words={SENTIMENT_WORDS}
        value={filter.sentiment}
        choose={(sentiment) => change({ sentiment })}
      />
      <OneOf
        label="Talked for"
        words={LENGTH_WORDS}
        value={lengthOf(filter)}
        choose={(length) => change({ ...NO_LENGTH, ...(length && LENGTHS[length]) })}
      />
      <OneOf
        label="Recording"
        words={RECORDING_WORDS}
        value={filter.has_recording === undefined ? undefined : filter.has_recording ? "yes" : "no"}
        choose={(recorded) => change({ has_recording: recorded && recorded === "yes" })}
      />
    </div>
  );
}

const NO_LENGTH = { min_talk_ms: undefined, max_talk_ms: undefined };

interface DayProps {
  label: string;
  value: string | undefined;
  min?: string | undefined;
  max?: string | undefined;
  choose: (day: string | undefined) => void;
}

function Day({ label, value = "", min, max, choose }: DayProps) {
  const chosen = (event: ChangeEvent<HTMLInputElement>) => choose(event.target.value || undefined);
  return <TextField type="date" {...{ label, value, min, max }} onChange={chosen} />;
}

interface OneOfProps<T extends string> {
  label: string;
  words: Record<T, string>;
  value: T | undefined;
  choose: (value: T | undefined) => void;
}

function OneOf<T extends string>({ label, words, value, choose }: OneOfProps<T>) {
  const choices = Object.keys(words) as T[];
  return (
    <Choice
      label={label}
      value={value ?? ""}
      onChange={(event) => choose(choices.find((choice) => choice === event.target.value))}
    >
      <option value="">Any</option>
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {words[choice]}
        </option>
      ))}
    </Choice>
  );
}
