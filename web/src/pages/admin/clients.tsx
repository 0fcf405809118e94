/** Every business of the service, with whose it is and which numbers ring for it. */
import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { type AnyClient, anyClientsQuery } from "../../api/admin";
import { professionsQuery } from "../../api/businesses";
import { SearchBox } from "../../forms/SearchBox";
import { professionWords } from "../../forms/businessWords";
import { paths } from "../../paths";
import { AwaitingRows } from "../../ui/Awaiting";
import { classes } from "../../ui/classes";
import { Notice } from "../../ui/Notice";
import { phone } from "../../ui/phone";
import { type Column, ROW_LINK, Row, Rows } from "../../ui/Rows";
import { longDay } from "../../ui/time";
import { Failure } from "../shell/Failure";
import { PageHead } from "../shell/PageHead";
import { Paging } from "../shell/Paging";

export function AnyClients() {
  const [search] = useSearchParams();
  const clients = useQuery(anyClientsQuery({ q: search.get("q") ?? "", cursor: search.get("cursor") }));
  const { data, error, isPlaceholderData } = clients;
  return (
    <>
      <PageHead title="All businesses">
        <SearchBox label="Name or number" />
      </PageHead>
      <div className={classes("card overflow-clip transition-opacity", isPlaceholderData && "opacity-60")}>
        {data ? (
          data.items.length > 0 ? (
            <Rows label="Businesses" columns={COLUMNS}>
              {data.items.map((one) => (
                <ClientRow key={one.id} one={one} />
              ))}
            </Rows>
          ) : (
            <Notice title="No business matches">
              <p>Look for part of a name, or of a number with its country code.</p>
            </Notice>
          )
        ) : error ? (
          <Failure error={error} again={() => void clients.refetch()} />
        ) : (
          <AwaitingRows rows={10} className="h-15 rail:h-10" />
        )}
        <Paging next={data?.next_cursor} newest="First businesses" older="More businesses" />
      </div>
    </>
  );
}

const COLUMNS: Column[] = [
  { name: "Business", width: "minmax(0, 1.2fr)" },
  { name: "Owner", width: "minmax(0, 1fr)" },
  { name: "Profession", width: "minmax(0, 0.8fr)" },
  { name: "Numbers", width: "minmax(0, 1.2fr)" },
  { name: "Since", width: "112px" },
];

/** Leads to its owner: what can be done is done to accounts. */
function ClientRow({ one }: { one: AnyClient }) {
  const professions = useQuery(professionsQuery()).data;
  return (
    <Row columns={COLUMNS}>
      <span role="cell" className="order-1 min-w-0 truncate font-medium @table:order-none">
        <Link data-row to={paths.adminUser(one.owner.id)} className={ROW_LINK}>
          <bdi>{one.name}</bdi>
        </Link>
      </span>
      <span role="cell" className="order-2 max-w-40 min-w-0 truncate text-right @table:order-none @table:text-left">
        <bdi>{one.owner.name}</bdi>
      </span>
      <span role="cell" className="hidden min-w-0 truncate text-quiet @table:block">
        <bdi>{professionWords(one.profession, professions)}</bdi>
      </span>
      <span
        role="cell"
        className="figures order-3 col-span-2 min-w-0 truncate text-quiet @table:order-none @table:col-span-1"
      >
        {one.numbers.map(phone).join(", ") || "no number"}
      </span>
      <span role="cell" className="figures hidden @table:block">
        {longDay(one.created_at)}
      </span>
    </Row>
  );
}
