/** What every drawn chart shares: quiet axes, and a tooltip in the words of the table. */
export const AXIS = {
  tickLine: false,
  axisLine: { stroke: "var(--line)" },
  tick: { fill: "var(--quiet)", fontSize: 12 },
} as const;

export function Tip({ title, lines }: { title: string; lines: string[] }) {
  return (
    <div className="figures rounded-inner border border-line bg-surface px-2.5 py-1.5 text-xs shadow-float">
      <p className="font-semibold">{title}</p>
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}
