/** What was done in this account that its security rests on. */
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { may, useMe } from "../../api/me";
import { auditQuery } from "../../api/settings";
import { paths } from "../../paths";
import { buttonLook } from "../../ui/Button";
import { AuditList } from "../admin/AuditList";
import { PageHead } from "../shell/PageHead";
import { OwnersOnly } from "./OwnersOnly";

export function Activity() {
  const owns = may(useMe(), "own");
  return (
    <>
      <PageHead title="Activity">
        {owns && (
          <a href={paths.auditCsv()} download className={buttonLook("plain")}>
            Download CSV
          </a>
        )}
      </PageHead>
      {owns ? <Acts /> : <OwnersOnly what="The activity" />}
    </>
  );
}

function Acts() {
  const [search] = useSearchParams();
  const audit = useQuery(auditQuery(search.get("cursor")));
  return <AuditList audit={audit} />;
}
