/**
 * A table whose rows are links. Wide, it has columns; where there is no room, each
 * row becomes two lines (the container decides, not the window: a list beside a
 * detail is narrow too). Up and Down move between rows, Home and End to the ends,
 * Enter opens: the browser's own, for the row's link is what holds the focus.
 *
 * Tab reaches the list once, at the row last focused: fifty stops would be a wall.
 */
import { type CSSProperties, type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import { classes } from "./classes";

export interface Column {
  name: string;
  /** The column's width as a grid track. */
  width: string;
  right?: boolean;
}

interface Props {
  label: string;
  columns: Column[];
  /** Without a head the columns' names are still there for a screen reader. */
  headless?: boolean;
  className?: string;
  children: ReactNode;
}

export function Rows({ label, columns, headless = false, className, children }: Props) {
  const table = useRef<HTMLDivElement>(null);

  const rowLinks = () => [...(table.current?.querySelectorAll<HTMLElement>("a[data-row]") ?? [])];

  function keepOneStop() {
    const links = rowLinks();
    // By the attribute, for a link that just came has none and yet can be reached.
    const before = links.find((link) => link.getAttribute("tabindex") === "0");
    const stop = links.find((link) => link === document.activeElement) ?? before ?? links[0];
    for (const link of links) link.tabIndex = link === stop ? 0 : -1;
  }

  // After every drawing: rows come and go, and one of them must be the stop.
  useEffect(keepOneStop);

  function move(event: KeyboardEvent) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const links = rowLinks();
    const at = links.findIndex((link) => link === document.activeElement);
    const next = links[target(event.key, at, links.length)];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }

  return (
    <div
      ref={table}
      role="table"
      aria-label={label}
      onKeyDown={move}
      onFocus={keepOneStop}
      className={classes("@container", className)}
    >
      <div
        role="rowgroup"
        className={classes(headless ? "sr-only" : "sticky top-0 z-10 hidden rounded-t-card bg-surface @table:block")}
      >
        <div
          role="row"
          className="grid h-9 grid-cols-(--tracks) items-center gap-4 border-b border-line px-5 text-xs text-quiet"
          style={tracks(columns)}
        >
          {columns.map((column) => (
            <span role="columnheader" key={column.name} className={classes("truncate", column.right && "text-right")}>
              {column.name}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup">{children}</div>
    </div>
  );
}

interface RowProps {
  columns: Column[];
  chosen?: boolean;
  /** What its cells may have to cut short. The row's own, for its link lies over every cell. */
  title?: string;
  /** Under the cells, over the whole width. */
  below?: ReactNode;
  children: ReactNode;
}

export function Row({ columns, chosen = false, title, below, children }: RowProps) {
  return (
    <div
      role="row"
      title={title}
      style={tracks(columns)}
      className={classes(
        "relative grid content-center items-center gap-y-0.5 border-b border-line px-5 transition-colors last:border-b-0",
        "min-h-15 grid-cols-[minmax(0,1fr)_auto] gap-x-4 py-2",
        "@table:min-h-10 @table:grid-cols-(--tracks) @table:gap-x-4 @table:py-0",
        Boolean(below) && "@table:pt-2.5",
        chosen ? "bg-accent-soft" : "has-[a[data-row]]:hover:bg-sunken has-[a:focus-visible]:bg-sunken",
      )}
    >
      {children}
      {below && (
        <div role="cell" className="order-last col-span-full min-w-0 @table:pb-2.5">
          {below}
        </div>
      )}
    </div>
  );
}

/**
 * Stretches a row's link over the whole row and draws the focus around the row, not the words.
 * The margins keep a focused row clear of the sticky head and the bottom bar.
 */
export const ROW_LINK =
  "scroll-mt-14 scroll-mb-24 after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent";

function tracks(columns: Column[]) {
  return { "--tracks": columns.map((column) => column.width).join(" ") } as CSSProperties;
}

function target(key: string, at: number, length: number) {
  switch (key) {
    case "ArrowDown":
      return at + 1;
    case "ArrowUp":
      return at - 1;
    case "Home":
      return 0;
    case "End":
      return length - 1;
    default:
      return -1;
  }
}
