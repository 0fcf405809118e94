/** Who rang whom, when, how it ended and what came of it, with the evidence each figure rests on. */
import type { ReactNode } from "react";
import type { OneCall } from "../../api/queries";
import { serverNow } from "../../api/serverClock";
import { SENTIMENT_WORDS } from "../../forms/callFilterWords";
import { buttonLook } from "../../ui/Button";
import { money } from "../../ui/figures";
import { Mark, type Tone } from "../../ui/Mark";
import { isDiallable, phone, withPhones } from "../../ui/phone";
import { RunningClock } from "../../ui/RunningClock";
import { day, duration, timeOfDay } from "../../ui/time";
import { callerWords, sentence, verdict } from "../calls/words";
import { HangUp } from "./HangUp";

type Detail = OneCall["call"];

interface Props {
  call: Detail;
  now: Date;
  /** The moment it is shown as of; null is now. */
  at: string | null;
}

export function CallHead({ call, now, at }: Props) {
  const caller = callerWords(call);
  return (
    <header className="flex flex-col gap-3">
      <title>{`${caller} · Frontdesk`}</title>
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="flex min-w-0 flex-col gap-1">
          <h1 className="figures text-xl font-semibold [overflow-wrap:anywhere]">
            <bdi>{caller}</bdi>
          </h1>
          <p className="figures text-quiet [overflow-wrap:anywhere]">
            {call.caller_name && call.caller_number && <>{phone(call.caller_number)} </>}
            <Line call={call} />
          </p>
        </div>
        {/* Nothing can be done in the past. */}
        {at === null && (
          <>
            <CallBack call={call} />
            <HangUp call={call} />
          </>
        )}
      </div>
      <p className="figures">
        {day(call.started_at, now)}, {timeOfDay(call.started_at)}
        <Course call={call} at={at} />
      </p>
      <Outcome call={call} />
      {call.summary && (
        <p dir="auto" className="max-w-reading text-md [overflow-wrap:anywhere]">
          {call.summary}
        </p>
      )}
      <Sentiment call={call} />
      <Extras call={call} />
    </header>
  );
}

/** Which business and which of its numbers: the one that was dialled, or the one that was called from. */
function Line({ call }: { call: Detail }) {
  const number = call.dialled_number && phone(call.dialled_number);
  const out = call.direction === "outbound";
  if (!call.client) {
    return <>{number ? `${out ? "from" : "to"} ${number}, not assigned to a business` : "not assigned to a business"}</>;
  }
  return (
    <>
      {out ? "for" : "to"} <bdi>{call.client.name}</bdi>
      {number && ` ${out ? "from" : "on"} ${number}`}
    </>
  );
}

/** Ring, talk and end in one sentence; while it goes on, with the clock running, or as it stood then. */
function Course({ call, at }: { call: Detail; at: string | null }) {
  if (call.state !== "ended") {
    return (
      <>
        , {call.state === "ringing" ? "ringing for" : "on the line for"}{" "}
        <strong className="font-semibold text-accent">
          <RunningClock since={call.answered_at ?? call.started_at} now={at === null ? serverNow : () => Date.parse(at)} />
        </strong>
      </>
    );
  }
  return (
    <>
      {call.ring_ms != null && `, rang ${duration(call.ring_ms)}`}
      {call.talk_ms != null && `, talked ${duration(call.talk_ms)}`}
      {call.end_reason && `. ${withPhones(call.end_reason.words)}`}
    </>
  );
}

function Outcome({ call }: { call: Detail }) {
  const { words, tone } = verdict(call);
  return (
    <div className="flex flex-wrap items-start gap-x-5 gap-y-2">
      <Why evidence={call.outcome?.reason}>
        <Mark tone={tone}>{words}</Mark>
      </Why>
      {call.revenue && (
        <Why evidence={call.revenue_evidence}>
          <strong className="figures text-md font-semibold">{money(call.revenue)}</strong>
        </Why>
      )}
    </div>
  );
}

const MOODS: Partial<Record<string, { words: string; tone: Tone }>> = {
  positive: { words: SENTIMENT_WORDS.positive, tone: "good" },
  neutral: { words: SENTIMENT_WORDS.neutral, tone: "quiet" },
  negative: { words: SENTIMENT_WORDS.negative, tone: "late" },
};

function Sentiment({ call }: { call: Detail }) {
  if (!call.sentiment) return null;
  const mood = MOODS[call.sentiment.label] ?? { words: sentence(call.sentiment.label), tone: "quiet" as const };
  return (
    <p className="flex max-w-reading flex-wrap items-baseline gap-x-2 gap-y-1">
      <span className="text-quiet">Sentiment</span>
      <Mark tone={mood.tone}>{mood.words}</Mark>
      {call.sentiment_evidence && (
        <q dir="auto" className="min-w-0 text-quiet [overflow-wrap:anywhere]">
          {call.sentiment_evidence}
        </q>
      )}
    </p>
  );
}

function Extras({ call }: { call: Detail }) {
  const said = [
    call.transferred_to && `Handed over to ${phone(call.transferred_to)}`,
    call.recording && recordingWords(call),
    call.agent_name && `Taken by ${call.agent_name}`,
  ].filter(Boolean);
  if (said.length === 0 && call.tags.length === 0) return null;
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1.5 text-quiet">
      {said.map((words) => (
        <bdi key={String(words)} className="figures [overflow-wrap:anywhere]">
          {words}
        </bdi>
      ))}
      {call.tags.map((tag) => (
        <Mark key={tag} tone="quiet">
          <bdi>{sentence(tag)}</bdi>
        </Mark>
      ))}
    </div>
  );
}

function recordingWords({ recording, state }: Detail) {
  switch (recording?.state) {
    case "recording":
      return state === "ended" ? "The recording has not been finished" : "Being recorded";
    case "ready":
      return recording.duration_ms == null ? "Recorded" : `Recorded, ${duration(recording.duration_ms)}`;
    case "failed":
      return "The recording failed; the transcript is complete";
    default:
      return null;
  }
}

/** A call nobody took is worth ringing back: one press on a phone. */
function CallBack({ call }: { call: Detail }) {
  const unanswered = call.result === "missed" || call.result === "abandoned";
  if (!isDiallable(call.caller_number) || call.state !== "ended") return null;
  return (
    <a
      href={`tel:${call.caller_number}`}
      className={buttonLook(
        unanswered ? "strong" : "plain",
        // Within the thumb's reach on a phone, above the bar.
        unanswered
          ? "fixed inset-x-4 bottom-[calc(68px+env(safe-area-inset-bottom))] z-10 min-h-11 rail:static rail:min-h-9"
          : "min-h-11 rail:min-h-9",
      )}
    >
      {call.direction === "outbound" ? "Ring again" : "Ring back"}
    </a>
  );
}

function Why({ evidence, children }: { evidence: string | null | undefined; children: ReactNode }) {
  if (!evidence) return <div className="flex min-h-6 min-w-0 items-center">{children}</div>;
  return (
    <details className="group min-w-0 max-w-reading">
      <summary className="flex min-h-6 items-center gap-1.5 rounded-inner">
        {children}
        <span className="text-xs text-accent group-open:underline">
          why <span aria-hidden>›</span>
        </span>
      </summary>
      <p dir="auto" className="mt-1 border-l-2 border-line pl-3 text-quiet [overflow-wrap:anywhere]">
        {evidence}
      </p>
    </details>
  );
}
