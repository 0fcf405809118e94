/**
 * When calls come, by weekday and hour. It is a real table, so the figures are there
 * for whoever does not see the shades. Shades go in five steps: finer ones cannot be told apart.
 */
import { classes } from "../classes";
import { plural } from "../figures";
import { hourOfDay, hourSpan, weekdayName } from "../time";

export interface HeatCell {
  /** 1 is Monday. */
  weekday: number;
  hour: number;
  calls: number;
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];
const SHADES = ["bg-sunken", "bg-accent/25", "bg-accent/45", "bg-accent/70", "bg-accent"];

export function HeatMap({ cells }: { cells: HeatCell[] }) {
  const calls = new Map(cells.map((cell) => [`${cell.weekday}/${cell.hour}`, cell.calls]));
  const most = Math.max(1, ...cells.map((cell) => cell.calls));
  return (
    <table className="h-52 w-full table-fixed border-separate border-spacing-[2px] text-xs text-quiet">
      <colgroup>
        <col className="w-9" />
        <col span={24} />
      </colgroup>
      <thead className="sr-only">
        <tr>
          <th scope="col">Weekday</th>
          {HOURS.map((hour) => (
            <th scope="col" key={hour}>
              {hourOfDay(hour)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {WEEKDAYS.map((weekday) => (
          <tr key={weekday}>
            <th scope="row" className="text-left font-normal">
              {weekdayName(weekday)}
            </th>
            {HOURS.map((hour) => {
              const n = calls.get(`${weekday}/${hour}`) ?? 0;
              return (
                <td
                  key={hour}
                  title={`${weekdayName(weekday)} ${hourSpan(hour)}, ${plural(n, "call")}`}
                  className={classes("rounded-[2px]", shade(n, most))}
                >
                  <span className="sr-only">{n}</span>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
      <tfoot aria-hidden>
        <tr>
          <td />
          {[0, 6, 12, 18].map((hour) => (
            <td key={hour} colSpan={6} className="figures pt-1">
              {hourOfDay(hour)}
            </td>
          ))}
        </tr>
      </tfoot>
    </table>
  );
}

/** By the root of the share: one busy hour must not make all the others look alike. */
function shade(calls: number, most: number) {
  return SHADES[Math.ceil(Math.sqrt(calls / most) * (SHADES.length - 1))];
}
