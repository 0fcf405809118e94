/**
 * The filter of the calls list. It has no state of its own but the words and the number
 * being typed: what is chosen stands in the address at once, and the list follows.
 */
import * as Popover from "@radix-ui/react-popover";
import { type MouseEvent, useCallback } from "react";
import { type CallFilter, isNumberPart } from "../api/callFilter";
import { Button } from "../ui/Button";
import { TextField } from "../ui/Field";
import {
  DIRECTION_WORDS,
  LENGTHS,
  LENGTH_WORDS,
  OUTCOME_WORDS,
  RECORDING_WORDS,
  RESULT_WORDS,
  SENTIMENT_WORDS,
  STATE_WORDS,
  lengthOf,
} from "./callFilterWords";
import { DayRange, OneOf } from "./FilterFields";
import { useTyped } from "./useTyped";
import { WordsField } from "./WordsField";

interface Props {
  filter: CallFilter;
  /** Changes these parts and leaves the others. */
  change: (part: Partial<CallFilter>) => void;
}

export function CallFilterForm({ filter, change }: Props) {
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_auto] @form:grid-cols-[minmax(0,1fr)_220px_auto] items-start gap-2">
      <div className="col-span-2 min-w-0 @form:col-span-1">
        <WordsField {...{ filter, change }} />
      </div>
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
              <Button look="strong" className="mt-5 w-full" onClick={stayAtMistake}>
                Show these calls
              </Button>
            </Popover.Close>
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
    </div>
  );
}

/** What cannot be asked for is not asked for: whoever closes the filters over it would take the list for its answer. */
function stayAtMistake(event: MouseEvent<HTMLElement>) {
  const filters = event.currentTarget.closest("[role=dialog]");
  const mistake = filters?.querySelector<HTMLElement>("[aria-invalid=true]");
  if (!mistake) return;
  event.preventDefault();
  mistake.focus();
}

function NumberField({ filter, change }: Props) {
  const send = useCallback((number: string) => change({ number }), [change]);
  const { typed, setTyped, readable } = useTyped({ inAddress: filter.number ?? "", isReadable: isNumberPart, send });
  return (
    <TextField
      label="Number or part of one"
      quietLabel
      type="search"
      inputMode="tel"
      placeholder="Number or part of one"
      error={readable ? null : "Up to 15 digits: the search is by number."}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}

function Fields({ filter, change }: Props) {
  return (
    <div className="grid grid-cols-2 gap-x-3 gap-y-4">
      <DayRange days={filter} choose={change} />
      <div className="col-span-2">
        <OneOf
          label="Direction"
          words={DIRECTION_WORDS}
          value={filter.direction}
          choose={(direction) => change({ direction })}
        />
      </div>
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
