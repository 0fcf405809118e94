/** Every business of the account: what rings for it, what it is, and what it still lacks. */
import { type QueryClient, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { type ListedBusiness, type Professions, clientsQuery, professionsQuery } from "../api/businesses";
import { may, useMe } from "../api/me";
import { askAhead } from "../api/queries";
import { lacks, professionWords } from "../forms/businessWords";
import { paths } from "../paths";
import { AwaitingRows } from "../ui/Awaiting";
import { buttonLook } from "../ui/Button";
import { Mark } from "../ui/Mark";
import { Notice } from "../ui/Notice";
import { phone } from "../ui/phone";
import { type Column, ROW_LINK, Row, Rows } from "../ui/Rows";
import { Deleted } from "./businesses/Deleted";
import { Failure } from "./shell/Failure";
import { PageHead } from "./shell/PageHead";

export function ask(queries: QueryClient) {
  return askAhead(queries.query(clientsQuery()), queries.query(professionsQuery()));
}

export function Businesses() {
  const canEdit = may(useMe(), "edit");
  const businesses = useQuery(clientsQuery());
  const professions = useQuery(professionsQuery()).data;
  const { data, error } = businesses;
  const add = canEdit && (
    <Link to={paths.newBusiness()} className={buttonLook("strong")}>
      New business
    </Link>
  );
  return (
    <div className="mx-auto flex max-w-page flex-col gap-4 px-4 py-4 rail:px-6 rail:py-5">
      <PageHead title="Businesses">{data && data.items.length > 0 && add}</PageHead>
      <div className="card overflow-clip">
        {data ? (
          data.items.length > 0 ? (
            <Rows label="Businesses" columns={COLUMNS}>
              {data.items.map((business) => (
                <BusinessRow key={business.id} {...{ business, professions }} />
              ))}
            </Rows>
          ) : (
            <None action={add} />
          )
        ) : error ? (
          <Failure error={error} again={() => void businesses.refetch()} />
        ) : (
          <AwaitingRows rows={4} className="h-15 rail:h-10" />
        )}
      </div>
      {canEdit && <Deleted />}
    </div>
  );
}

const COLUMNS: Column[] = [
  { name: "Business", width: "minmax(0, 1.2fr)" },
  { name: "Profession", width: "minmax(0, 0.8fr)" },
  { name: "Numbers", width: "minmax(0, 1.2fr)" },
  { name: "State", width: "minmax(0, 1fr)" },
];

function BusinessRow({ business, professions }: { business: ListedBusiness; professions: Professions | undefined }) {
  const missing = lacks(business);
  const profession = professionWords(business.profession, professions);
  return (
    <Row columns={COLUMNS}>
      <span role="cell" className="order-1 min-w-0 truncate font-medium @table:order-none">
        <Link data-row to={paths.business(business.id)} className={ROW_LINK}>
          <bdi>{business.name}</bdi>
        </Link>
      </span>
      <span
        role="cell"
        className="order-2 max-w-40 min-w-0 truncate text-right text-quiet @table:order-none @table:text-left"
      >
        <bdi>{profession}</bdi>
      </span>
      <span role="cell" className="figures order-3 min-w-0 truncate text-quiet @table:order-none @table:text-ink">
        {business.numbers.length > 0 ? business.numbers.map(phone).join(", ") : <span className="text-quiet">–</span>}
      </span>
      <span role="cell" className="order-4 flex min-w-0 justify-end @table:order-none @table:justify-start">
        {missing.length > 0 ? (
          <Mark tone={business.numbers.length === 0 ? "late" : "quiet"}>{missing.join(", ")}</Mark>
        ) : (
          <Mark tone="good">Ready</Mark>
        )}
      </span>
    </Row>
  );
}

function None({ action }: { action: React.ReactNode }) {
  return (
    <Notice title="No business yet" action={action}>
      <p>
        A business is one receptionist: it answers the numbers you give it, says what you tell it to, and every call it
        takes appears here.
      </p>
      {action ? (
        <p>Making one takes two minutes, and costs nothing until it has a number.</p>
      ) : (
        <p>Whoever may change this account makes the first one.</p>
      )}
    </Notice>
  );
}
