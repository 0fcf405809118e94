/** What was done anywhere in the service that its security rests on. */
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { adminAuditQuery } from "../../api/admin";
import { readAuditFilter } from "../../api/auditFilter";
import { AuditFilterForm } from "../../forms/AuditFilterForm";
import { paths } from "../../paths";
import { buttonLook } from "../../ui/Button";
import { PageHead } from "../shell/PageHead";
import { AuditList } from "./AuditList";

export function Audit() {
  const [search] = useSearchParams();
  const filter = readAuditFilter(search);
  const audit = useQuery(adminAuditQuery(filter, search.get("cursor")));
  return (
    <>
      <PageHead title="Audit">
        <a href={paths.adminAuditCsv(filter)} download className={buttonLook("plain")}>
          Download CSV
        </a>
      </PageHead>
      <AuditFilterForm filter={filter} everybodys />
      <AuditList audit={audit} filter={filter} everybodys />
    </>
  );
}
