/** Calls by day of the month: this month as a line, the month before thin and grey behind it. */
import { Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis, usePlotArea, useYAxisScale } from "recharts";
import { plural } from "../figures";
import { AXIS, Tip } from "./drawing";
import { keptApart } from "./endNames";

export interface DayPoint {
  day: number;
  /** Absent for days still to come. */
  now?: number;
  before?: number;
}

interface Names {
  now: string;
  before: string;
}

export default function DayLines({ points, names }: { points: DayPoint[]; names: Names }) {
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
                lines={payload.map((entry) => `${String(entry.name)}: ${plural(Number(entry.value), "call")}`)}
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
          />
        ))}
        <EndNames {...{ points, names }} />
      </LineChart>
    </ResponsiveContainer>
  );
}

/** The lines' names as high as their ends, all beyond the last day: a line that goes on would run through the other's. */
function EndNames({ points, names }: { points: DayPoint[]; names: Names }) {
  const plot = usePlotArea();
  const heightOf = useYAxisScale();
  if (!plot || !heightOf) return null;
  const end = (key: keyof Names) => {
    const calls = points.findLast((point) => point[key] !== undefined)?.[key];
    return calls === undefined ? undefined : heightOf(calls);
  };
  const at = keptApart({ now: end("now"), before: end("before") }, plot.y + plot.height);
  return (["before", "now"] as const).map(
    (key) =>
      at[key] !== undefined && (
        <text
          key={key}
          x={plot.x + plot.width + 8}
          y={at[key]}
          dominantBaseline="central"
          className="text-xs"
          fill={key === "now" ? "var(--accent)" : "var(--quiet)"}
          fontWeight={key === "now" ? 600 : 400}
        >
          {names[key]}
        </text>
      ),
  );
}
