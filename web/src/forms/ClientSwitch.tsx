/** Whose calls the whole dashboard shows. The choice stands in the address, so a link keeps it. */
import { useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate, useSearchParams } from "react-router";
import { clientsQuery } from "../api/businesses";
import { isAdmin, useMe } from "../api/me";
import { paths } from "../paths";
import { Choice } from "../ui/Field";

const UNASSIGNED = "unassigned";

/** Elsewhere nothing depends on the choice. */
export function isChosenOn(pathname: string) {
  return pathname === paths.overview() || isOfCalls(pathname);
}

function isOfCalls(pathname: string) {
  return pathname === paths.calls() || pathname.startsWith(`${paths.calls()}/`);
}

export function ClientSwitch() {
  const me = useMe();
  const clients = useQuery(clientsQuery());
  const [search] = useSearchParams();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const chosen = search.get("unassigned") === "true" ? UNASSIGNED : (search.get("client_id") ?? "");
  const items = clients.data?.items ?? [];

  function choose(value: string) {
    const next = new URLSearchParams(search);
    for (const name of ["client_id", "unassigned", "cursor"]) next.delete(name);
    if (value === UNASSIGNED) next.set("unassigned", "true");
    else if (value) next.set("client_id", value);
    // A call stays open only while its list is the same.
    void navigate({ pathname: isOfCalls(pathname) ? paths.calls() : pathname, search: next.toString() });
  }

  return (
    <Choice
      label="Business"
      quietLabel
      value={chosen}
      onChange={(event) => choose(event.target.value)}
      className="font-medium"
    >
      <option value="">All businesses</option>
      {items.map((client) => (
        <option key={client.id} value={client.id}>
          {client.name}
        </option>
      ))}
      {chosen && chosen !== UNASSIGNED && !items.some((client) => client.id === chosen) && (
        <option value={chosen}>Another business</option>
      )}
      {/* What nobody owns is looked after by administrators. */}
      {(isAdmin(me) || chosen === UNASSIGNED) && <option value={UNASSIGNED}>Not assigned</option>}
    </Choice>
  );
}
