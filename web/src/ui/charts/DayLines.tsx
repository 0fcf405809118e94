/** Calls by day of the month: this month as a line, the month before thin and grey behind it. */
import { Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { AXIS, Tip } from "./drawing";
import { liftOfNames } from "./endNames";

export interface DayPoint {
  day: number;
  /** Absent for days still to come. */
  now?: number;
  before?: number;
}

export default function DayLines({ points, names }: { points: DayPoint[]; names: { now: string; before: string } }) {
  const last = { now: lastWith(points, "now"), before: lastWith(points, "before") };
  const highest = Math.max(...points.flatMap(({ now = 0, before = 0 }) => [now, before]));
  const lift = liftOfNames(points[last.now]?.now, points[last.before]?.before, highest);
  return (
    <ResponsiveContainer>
      <LineChart data={points} margin={{ top: 14, right: 76, bottom: 0, left: 0 }} accessibilityLayer={false}>
        <XAxis dataKey="day" {...AXIS} ticks={[1, 8, 15, 22, 29]} />
        <YAxis {...AXIS} width={40} allowDecimals={false} tickCount={4} domain={[0, "auto"]} />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: "var(--line)" }}
          content={({ active, payload, label }) =>
            active && (
              <Tip
                title={`Day ${label}`}
                lines={payload.map((entry) => `${String(entry.name)}: ${String(entry.value)} calls`)}
              />
            )
          }
        />
        {(["before", "now"] as const).map((key) => (
          <Line
            key={key}
            type="linear"
            dataKey={key}
            name={names[key]}
            stroke={key === "now" ? "var(--accent)" : "var(--before)"}
            strokeWidth={key === "now" ? 2 : 1}
            dot={false}
            activeDot={{ r: 3 }}
            isAnimationActive={false}
            label={(at: LabelPlace) => (
              <EndLabel
                {...at}
                shown={at.index === last[key]}
                name={names[key]}
                strong={key === "now"}
                lift={lift[key]}
              />
            )}
          />
        ))}
      </LineChart>
    </ResponsiveContainer>
  );
}

interface LabelPlace {
  x?: number | string;
  y?: number | string;
  index?: number;
}

/** The line's name right of its end. */
function EndLabel({
  x,
  y,
  shown,
  name,
  strong,
  lift,
}: LabelPlace & { shown: boolean; name: string; strong: boolean; lift: number }) {
  if (!shown) return <g />;
  return (
    <text
      x={Number(x) + 6}
      y={Number(y) - lift}
      className="text-xs"
      fill={strong ? "var(--accent)" : "var(--quiet)"}
      fontWeight={strong ? 600 : 400}
      stroke="var(--surface)"
      strokeWidth={4}
      paintOrder="stroke"
    >
      {name}
    </text>
  );
}

function lastWith(points: DayPoint[], key: "now" | "before") {
  return points.findLastIndex((point) => point[key] !== undefined);
}
