/** What was done anywhere in the service that its security rests on. */
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { adminAuditQuery } from "../../api/admin";
import { paths } from "../../paths";
import { buttonLook } from "../../ui/Button";
import { PageHead } from "../shell/PageHead";
import { AuditList } from "./AuditList";

export function Audit() {
  const [search] = useSearchParams();
  const audit = useQuery(adminAuditQuery(search.get("cursor")));
  return (
    <>
      <PageHead title="Audit">
        <a href={paths.adminAuditCsv()} download className={buttonLook("plain")}>
          Download CSV
        </a>
      </PageHead>
      <AuditList audit={audit} everybodys />
    </>
  );
}
