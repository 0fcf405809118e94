/** Who can get in as this person, and how: password, providers, the second step, and where they are signed in. */
import type { QueryClient } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { askAhead } from "../../api/queries";
import { identitiesQuery, offerQuery, sessionsQuery } from "../../api/settings";
import { providerName } from "../../forms/providerWords";
import { returnWords } from "../../forms/returnWords";
import { PageHead } from "../shell/PageHead";
import { Logins } from "./security/Logins";
import { Password } from "./security/Password";
import { SecondStep } from "./security/SecondStep";
import { Sessions } from "./security/Sessions";

export function ask(queries: QueryClient) {
  return askAhead(queries.query(identitiesQuery()), queries.query(offerQuery()), queries.query(sessionsQuery()));
}

export function Security() {
  const [search] = useSearchParams();
  const problem = search.get("problem");
  const linked = search.get("linked");
  return (
    <>
      <PageHead title="Security" />
      {problem && (
        <p role="alert" className="rounded-inner bg-late-soft px-3 py-2 text-late">
          {returnWords(problem)}
        </p>
      )}
      {linked && (
        <p role="status" className="rounded-inner bg-accent-soft px-3 py-2">
          You can sign in through {providerName(linked)} from now on.
        </p>
      )}
      <Password />
      <SecondStep />
      <Logins />
      <Sessions />
    </>
  );
}
