/** Under a list that goes on: back to its beginning, and one page on. The place stands in the address. */
import { Link, useSearchParams } from "react-router";
import { buttonLook } from "../../ui/Button";

interface Props {
  next: string | null | undefined;
  newest: string;
  older: string;
  /** Where the list is, when one of its rows may be open at an address of its own. */
  list?: string;
}

export function Paging({ next, newest, older, list = "" }: Props) {
  const [search] = useSearchParams();
  const isOlder = search.has("cursor");
  if (!next && !isOlder) return null;
  return (
    <nav
      aria-label={`${newest}, ${older.toLowerCase()}`}
      className="flex min-h-12 items-center justify-between gap-4 border-t border-line px-5 py-1.5"
    >
      {isOlder ? (
        <Link to={list + at(search, null)} className={buttonLook("text", "min-h-9")}>
          {newest}
        </Link>
      ) : (
        <span />
      )}
      {next && (
        <Link to={list + at(search, next)} className={buttonLook("text", "min-h-9")}>
          {older}
        </Link>
      )}
    </nav>
  );
}

function at(search: URLSearchParams, cursor: string | null) {
  const next = new URLSearchParams(search);
  if (cursor) next.set("cursor", cursor);
  else next.delete("cursor");
  return `?${next.toString()}`;
}
