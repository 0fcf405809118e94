/** A chart in its card, with the same figures as a table one press away: for screen readers, and for copying. */
import { Component, type ReactNode, useState } from "react";
import { Button } from "../Button";
import { Panel } from "../Panel";
import { count } from "../figures";

interface Props {
  title: string;
  hint?: ReactNode;
  className?: string;
  /** What the chart says, in one sentence. */
  says: string;
  head: string[];
  rows: (string | number)[][];
  children: ReactNode;
}

export function ChartPanel({ title, hint, className, says, head, rows, children }: Props) {
  const [asTable, setAsTable] = useState(false);
  const toggle = (
    <Button
      look="text"
      className="text-xs"
      onClick={() => setAsTable(!asTable)}
      aria-label={`${title} as a ${asTable ? "chart" : "table"}`}
    >
      {asTable ? "Chart" : "Table"}
    </Button>
  );
  return (
    <Panel {...{ title, hint, className }} control={toggle}>
      <div className="h-52">
        {asTable ? (
          <FigureTable {...{ title, head, rows }} />
        ) : (
          <Undrawable instead={<FigureTable {...{ title, head, rows }} />}>
            <div role="img" aria-label={says} className="h-full">
              {children}
            </div>
          </Undrawable>
        )}
      </div>
    </Panel>
  );
}

/** A picture that could not be loaded must not take the page with it: its figures are there as a table. */
class Undrawable extends Component<{ instead: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? this.props.instead : this.props.children;
  }
}

function FigureTable({ title, head, rows }: Pick<Props, "title" | "head" | "rows">) {
  return (
    // A scrolling place must be reachable by keyboard.
    <div tabIndex={0} role="region" aria-label={title} className="h-full overflow-y-auto">
      <table className="figures w-full">
        <thead className="sticky top-0 bg-surface text-xs text-quiet">
          <tr>
            {head.map((name, at) => (
              <th
                key={name}
                scope="col"
                className={at === 0 ? "pb-1 text-left font-normal" : "pb-1 text-right font-normal"}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, ...figures]) => (
            <tr key={name} className="border-t border-line">
              <th scope="row" className="py-1 text-left font-normal">
                {name}
              </th>
              {figures.map((figure, at) => (
                <td key={head[at + 1]} className="text-right">
                  {typeof figure === "number" ? count(figure) : figure}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
