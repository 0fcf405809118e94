/** Where the words looked for were said. It is outside text: drawn as text, with the words marked. */
import type { Hit } from "../../api/queries";
import { FOUND, speakerWords } from "./words";

export function Hits({ hits }: { hits: Hit[] }) {
  return (
    <ul aria-label="Where it was said" className="flex flex-col gap-0.5">
      {hits.map(({ turn_id, speaker, pieces }) => (
        <li key={turn_id} className="flex min-w-0 gap-2">
          <span className="shrink-0 text-xs leading-5 text-quiet">{speakerWords(speaker)}</span>
          <span dir="auto" className="line-clamp-2 min-w-0 [overflow-wrap:anywhere]">
            {pieces.map(({ text, hit }, at) =>
              hit ? (
                <mark key={at} className={FOUND}>
                  {text}
                </mark>
              ) : (
                text
              ),
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
