/** How the receptionist sounds: one of our voices, or like a sample of somebody's own. */
import { useQueryClient } from "@tanstack/react-query";
import { type ChangeEvent, useId, useState } from "react";
import type { Business, Professions } from "../../api/businesses";
import { removeVoiceSample, uploadVoiceSample } from "../../api/changes";
import { may, useMe } from "../../api/me";
import { isKind } from "../../api/problem";
import { VoiceField } from "../../forms/VoiceField";
import { voiceWords } from "../../forms/businessWords";
import { useUnsaved } from "../../forms/Unsaved";
import { bind } from "../../forms/form";
import { problemWords } from "../../forms/problemWords";
import { z } from "../../forms/rules";
import { paths } from "../../paths";
import { Button, buttonLook } from "../../ui/Button";
import { ConfirmDialog } from "../../ui/Dialog";
import { bytes } from "../../ui/figures";
import { Panel } from "../../ui/Panel";
import { longDay } from "../../ui/time";
import { Section } from "./Section";

interface Props {
  business: Business;
  professions: Professions | undefined;
}

const RULES = z.object({ voice: z.string().check(z.minLength(1, "Choose a voice.")) });
const valuesOf = ({ voice }: Business) => ({ voice });

export function Voice({ business, professions }: Props) {
  const voices = professions?.voices ?? [];
  return (
    <Section
      title="Voice"
      business={business}
      rules={RULES}
      valuesOf={valuesOf}
      change={(values) => values}
      facts={({ voice }) => [["Voice", voiceWords(voice, professions)]]}
      does="Save voice"
    >
      {(form) => <VoiceField label="Voice" voices={voices} current={business.voice} {...bind(form, "voice")} />}
    </Section>
  );
}

export function VoiceSample({ business }: { business: Business }) {
  const canEdit = may(useMe(), "edit");
  const [removing, setRemoving] = useState(false);
  const queries = useQueryClient();
  const sample = business.voice_sample;
  return (
    <Panel title="Voice sample" hint="half a minute of somebody speaking, for a voice of your own">
      <div className="flex max-w-form flex-col gap-4">
        {sample ? (
          <>
            <p className="min-w-0 [overflow-wrap:anywhere]">
              <bdi className="font-medium">{sample.name}</bdi>{" "}
              <span className="text-quiet">
                {bytes(sample.bytes)}, uploaded {longDay(sample.uploaded_at)}
              </span>
            </p>
            {/* The file is the person's own, and what is said in it stands nowhere. */}
            <audio
              // Another sample has the same address.
              key={sample.uploaded_at}
              controls
              preload="none"
              src={paths.voiceSample(business.id)}
              aria-label={`Voice sample ${sample.name}`}
              className="h-10 w-full"
            />
          </>
        ) : (
          <p className="text-quiet">None. Without one the voice chosen above is used.</p>
        )}
        {canEdit && (
          <div className="flex flex-wrap items-start gap-2">
            <Upload business={business} does={sample ? "Replace it" : "Choose a file"} />
            {sample && <Button onClick={() => setRemoving(true)}>Remove it</Button>}
          </div>
        )}
      </div>
      {removing && (
        <ConfirmDialog
          title="Remove the voice sample?"
          does="Remove the sample"
          close={() => setRemoving(false)}
          words={problemWords}
          confirm={async () => {
            await removeVoiceSample(queries, business.id);
            setRemoving(false);
          }}
        >
          <p>
            The receptionist speaks with the voice chosen above again. The file is deleted here; keep your own copy.
          </p>
        </ConfirmDialog>
      )}
    </Panel>
  );
}

/** As the api counts; said in the decimal units people know. */
const MOST_BYTES = 10 * 1024 * 1024;
const KINDS = ".wav,.mp3,.ogg,.flac,.m4a,audio/*";

function Upload({ business, does }: { business: Business; does: string }) {
  const queries = useQueryClient();
  const id = useId();
  const [sent, setSent] = useState<number | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useUnsaved(sent !== null);

  async function upload(event: ChangeEvent<HTMLInputElement>) {
    const file = event.target.files?.[0];
    // The same file may be chosen again after a failure.
    event.target.value = "";
    if (!file) return;
    setFailure(null);
    if (file.size > MOST_BYTES) {
      setFailure(`This file has ${bytes(file.size)}; a sample may have ${bytes(MOST_BYTES)}. Half a minute is enough.`);
      return;
    }
    setSent(0);
    try {
      await uploadVoiceSample(queries, business.id, file, setSent);
    } catch (error) {
      setFailure(uploadWords(error));
    }
    setSent(null);
  }

  return (
    <div className="flex flex-col gap-2">
      <input
        id={id}
        type="file"
        accept={KINDS}
        disabled={sent !== null}
        aria-describedby={`${id}-below`}
        onChange={(event) => void upload(event)}
        className="peer sr-only"
      />
      <label
        htmlFor={id}
        className={buttonLook(
          "plain",
          "cursor-pointer self-start peer-focus-visible:outline-2 peer-focus-visible:outline-offset-2 peer-focus-visible:outline-accent peer-disabled:opacity-50",
        )}
      >
        {does}
      </label>
      <div id={`${id}-below`} className="text-xs text-quiet">
        {sent === null ? (
          <p>WAV, MP3, OGG, FLAC or M4A, at most {bytes(MOST_BYTES)}.</p>
        ) : (
          <Sent share={sent} />
        )}
      </div>
      {failure && (
        <p role="alert" className="max-w-reading text-bad">
          {failure}
        </p>
      )}
    </div>
  );
}

function Sent({ share }: { share: number }) {
  return (
    <label className="flex items-center gap-2">
      <progress max={1} value={share} className="h-1.5 w-40 accent-accent" />
      <span className="figures">{share < 1 ? `${Math.floor(share * 100)} % sent` : "Being checked"}</span>
    </label>
  );
}

function uploadWords(error: unknown) {
  if (isKind(error, "not-sound"))
    return "This is no sound we can read. Save it as WAV, MP3, OGG, FLAC or M4A, and choose it again.";
  return problemWords(error);
}
