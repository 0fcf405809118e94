/** Calls by hour of the day: answered from the ground up, what was not answered on top. */
import { Bar, BarChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { hourOfDay, hourSpan } from "../time";
import { AXIS, Tip } from "./drawing";

export interface HourPoint {
  hour: number;
  answered: number;
  unanswered: number;
}

export default function HourBars({ points }: { points: HourPoint[] }) {
  return (
    <ResponsiveContainer>
      <BarChart
        data={points}
        margin={{ top: 8, right: 0, bottom: 0, left: 0 }}
        barCategoryGap={2}
        accessibilityLayer={false}
      >
        <XAxis dataKey="hour" {...AXIS} ticks={[0, 6, 12, 18]} tickFormatter={hourOfDay} />
        <YAxis {...AXIS} width={40} allowDecimals={false} tickCount={4} domain={[0, "auto"]} />
        <Tooltip
          isAnimationActive={false}
          cursor={{ fill: "var(--sunken)" }}
          content={({ active, payload, label }) =>
            active && (
              <Tip
                title={hourSpan(Number(label))}
                lines={payload.map((entry) => `${String(entry.value)} ${String(entry.name)}`)}
              />
            )
          }
        />
        <Bar dataKey="answered" name="answered" stackId="calls" fill="var(--accent)" isAnimationActive={false} />
        <Bar dataKey="unanswered" name="not answered" stackId="calls" fill="var(--late)" isAnimationActive={false} />
      </BarChart>
    </ResponsiveContainer>
  );
}
