/** What was done in this account that its security rests on. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { type AuditFilter, readAuditFilter } from "../../api/auditFilter";
import { clientsQuery, deletedQuery } from "../../api/businesses";
import { may, useMe } from "../../api/me";
import { auditQuery } from "../../api/settings";
import { AuditFilterForm } from "../../forms/AuditFilterForm";
import { paths } from "../../paths";
import { buttonLook } from "../../ui/Button";
import { AuditList } from "../admin/AuditList";
import { PageHead } from "../shell/PageHead";
import { OwnersOnly } from "./OwnersOnly";

export function Activity() {
  const owns = may(useMe(), "own");
  const [search] = useSearchParams();
  const filter = readAuditFilter(search);
  return (
    <>
      <PageHead title="Activity">
        {owns && (
          <a href={paths.auditCsv(filter)} download className={buttonLook("plain")}>
            Download CSV
          </a>
        )}
      </PageHead>
      {owns ? <Acts filter={filter} cursor={search.get("cursor")} /> : <OwnersOnly what="The activity" />}
    </>
  );
}

function Acts({ filter, cursor }: { filter: AuditFilter; cursor: string | null }) {
  const audit = useQuery(auditQuery(filter, cursor));
  const [now, deleted] = useQueries({ queries: [clientsQuery(), deletedQuery()] });
  const businesses = new Map([now, deleted].flatMap(({ data }) => data?.items ?? []).map(({ id, name }) => [id, name]));
  return (
    <>
      <AuditFilterForm filter={filter} />
      <AuditList {...{ audit, filter, businesses }} />
    </>
  );
}
