/** One business: each part saved by itself, with its numbers, its history and its end. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { type Business, businessQuery, historyQuery, professionsQuery } from "../api/businesses";
import { isId } from "../api/callFilter";
import { deleteBusiness, forgetBusiness } from "../api/changes";
import { may, useMe } from "../api/me";
import { isKind } from "../api/problem";
import { askAhead } from "../api/queries";
import { useLetGo } from "../forms/Unsaved";
import { lacks, professionWords } from "../forms/businessWords";
import { problemWords } from "../forms/problemWords";
import { paths } from "../paths";
import { Awaiting } from "../ui/Awaiting";
import { Button, buttonLook } from "../ui/Button";
import { ConfirmDialog } from "../ui/Dialog";
import { Mark } from "../ui/Mark";
import { Panel } from "../ui/Panel";
import { History } from "./business/History";
import { Numbers } from "./business/Numbers";
import { About, Hours, Transfer, WhatItSays } from "./business/parts";
import { Voice, VoiceSample } from "./business/Voice";
import { Lost } from "./lost";
import { Failure } from "./shell/Failure";

export function ask(queries: QueryClient, id: string) {
  if (!isId(id)) return null;
  return askAhead(
    queries.query(businessQuery(id)),
    queries.query(professionsQuery()),
    queries.infiniteQuery(historyQuery(id)),
  );
}

export function OneBusiness() {
  const { id = "" } = useParams();
  return isId(id) ? <Editor key={id} id={id} /> : <Lost />;
}

function Editor({ id }: { id: string }) {
  const business = useQuery(businessQuery(id));
  const professions = useQuery(professionsQuery());
  const { data } = business;
  const failed = data ? null : business.error;
  return (
    <div className="mx-auto flex max-w-page flex-col gap-4 px-4 py-4 rail:px-6 rail:py-5">
      <Link to={paths.businesses()} className={buttonLook("text", "min-h-9 self-start")}>
        <span aria-hidden>‹</span> All businesses
      </Link>
      {/* What a profession is called must not change under the reader's eyes. */}
      {data && !professions.isPending ? (
        <Parts business={data} professions={professions.data} />
      ) : failed ? (
        <div className="card">
          <Failure error={failed} again={() => void business.refetch()} />
        </div>
      ) : (
        <AwaitingBusiness />
      )}
    </div>
  );
}

interface PartsProps {
  business: Business;
  professions: Parameters<typeof professionWords>[1];
}

function Parts({ business, professions }: PartsProps) {
  const canEdit = may(useMe(), "edit");
  const missing = lacks(business);
  return (
    <>
      <header className="flex flex-col gap-1">
        <title>{`${business.name} · Frontdesk`}</title>
        <h1 className="text-xl font-semibold [overflow-wrap:anywhere]">
          <bdi>{business.name}</bdi>
        </h1>
        <p className="flex flex-wrap items-center gap-x-4 gap-y-1 text-quiet">
          <bdi>{professionWords(business.profession, professions)}</bdi>
          {missing.map((words) => (
            <Mark key={words} tone={words === "no number yet" ? "late" : "quiet"}>
              {words}
            </Mark>
          ))}
          <Link to={paths.calls({ client_id: business.id })} className={buttonLook("text")}>
            Its calls
          </Link>
        </p>
      </header>
      <div className="grid items-start gap-4 beside:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          <About {...{ business, professions }} />
          <WhatItSays business={business} />
          <Hours business={business} />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <Numbers business={business} />
          <Transfer business={business} />
          <Voice {...{ business, professions }} />
          <VoiceSample business={business} />
          <History {...{ business, professions }} />
          {canEdit && <Deletion business={business} />}
        </div>
      </div>
    </>
  );
}

function Deletion({ business }: { business: Business }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const letGo = useLetGo();
  const [asked, setAsked] = useState(false);
  const isGone = useRef(false);
  // The way to the list may be over before this page is.
  useEffect(
    () => () => {
      if (isGone.current) forgetBusiness(queries, business.id);
    },
    [queries, business.id],
  );
  return (
    <Panel title="Delete this business">
      <p className="mb-3 text-quiet">
        It stops answering, and its numbers are released. For 30 days it can be brought back.
      </p>
      <Button look="danger" onClick={() => setAsked(true)}>
        Delete this business
      </Button>
      {asked && (
        <ConfirmDialog
          title="Delete this business?"
          does="Delete the business"
          close={() => setAsked(false)}
          words={(error) => (isKind(error, "not-found") ? "Somebody deleted it already." : problemWords(error))}
          confirm={async () => {
            await deleteBusiness(queries, business.id);
            letGo();
            isGone.current = true;
            await navigate(paths.businesses(), { replace: true });
          }}
        >
          <p>
            {business.numbers.length > 0
              ? `Calls to its ${business.numbers.length === 1 ? "number" : "numbers"} are no longer answered, and anybody may take ${business.numbers.length === 1 ? "it" : "them"}.`
              : "It has no number, so no call is lost."}{" "}
            For 30 days you can bring it back from the list of businesses, without its numbers and its voice sample.
            Calls it had stay in the list of calls.
          </p>
        </ConfirmDialog>
      )}
    </Panel>
  );
}

function AwaitingBusiness() {
  return (
    <div aria-busy role="status" aria-label="Loading the business" className="flex flex-col gap-4">
      <title>Business · Frontdesk</title>
      <Awaiting className="h-8 w-64" />
      <Awaiting className="h-5 w-40" />
      <div className="grid items-start gap-4 beside:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Panel title="Business">
          <Awaiting className="h-64" />
        </Panel>
        <Panel title="Numbers">
          <Awaiting className="h-32" />
        </Panel>
      </div>
    </div>
  );
}
