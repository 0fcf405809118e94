/** Changes to businesses, and what they leave behind in what is remembered of them. */
import type { DataTag, QueryClient, QueryKey } from "@tanstack/react-query";
import { type Business, businessQuery, clientsQuery, historyQuery } from "./businesses";
import { act, answer, client } from "./client";
import { Unreachable } from "./problem";
import type { paths } from "./schema";
import { noteServerTime } from "./serverClock";

/** What a person may write of a business. */
export type BusinessFields = Pick<
  Business,
  "name" | "profession" | "time_zone" | "voice" | "greeting" | "instructions" | "hours" | "transfer_number"
>;

export function fieldsOf(business: Business): BusinessFields {
  const { name, profession, time_zone, voice, greeting, instructions, hours, transfer_number } = business;
  return { name, profession, time_zone, voice, greeting, instructions, hours, transfer_number };
}

export async function createBusiness(
  queries: QueryClient,
  body: paths["/api/clients"]["post"]["requestBody"]["content"]["application/json"],
) {
  return remember(queries, await act(() => client.POST("/api/clients", { body })));
}

/** Refused with `changed-meanwhile` when somebody saved after `base` was read. */
export async function saveBusiness(queries: QueryClient, base: Business, change: Partial<BusinessFields>) {
  const body = { ...fieldsOf(base), ...change, version: base.version };
  return remember(
    queries,
    await act(() => client.PUT("/api/clients/{id}", { params: { path: { id: base.id } }, body })),
  );
}

/** As it is at this moment, whatever is remembered. */
export function readBusiness(queries: QueryClient, id: string) {
  void queries.invalidateQueries({ queryKey: historyQuery(id).queryKey });
  return queries.query({ ...businessQuery(id), staleTime: 0 });
}

export async function assignNumber(queries: QueryClient, id: string, number: string) {
  const params = { path: { id } };
  return remember(queries, await act(() => client.POST("/api/clients/{id}/numbers", { params, body: { number } })));
}

export async function releaseNumber(queries: QueryClient, id: string, number: string) {
  const params = { path: { id, number } };
  return remember(queries, await act(() => client.DELETE("/api/clients/{id}/numbers/{number}", { params })));
}

/** `version` is the one that was looked at; a deleted business shows none. */
export async function restoreBusiness(queries: QueryClient, id: string, change_id: number, version?: number) {
  const params = { path: { id } };
  const body = { change_id, version };
  return remember(queries, await act(() => client.POST("/api/clients/{id}/restore", { params, body })));
}

/** A deleted one, as it was when it was deleted. */
export async function bringBack(queries: QueryClient, id: string) {
  const params = { path: { id }, query: { limit: 1 } };
  const [last] = (await answer(client.GET("/api/clients/{id}/history", { params }))).items;
  if (!last) throw new Error("a business that was deleted has that in its history");
  return restoreBusiness(queries, id, last.id);
}

export async function removeVoiceSample(queries: QueryClient, id: string) {
  return remember(
    queries,
    await act(() => client.DELETE("/api/clients/{id}/voice-sample", { params: { path: { id } } })),
  );
}

/** The page that shows it leaves, and then forgets it: still there, it would ask for what is gone. */
export async function deleteBusiness(queries: QueryClient, id: string) {
  await act(() => client.DELETE("/api/clients/{id}", { params: { path: { id } } }));
  await queries.invalidateQueries({
    queryKey: clientsQuery().queryKey,
    predicate: ({ queryKey }) => queryKey[1] !== "one",
  });
}

export function forgetBusiness(queries: QueryClient, id: string) {
  queries.removeQueries({ queryKey: businessQuery(id).queryKey });
}

export async function uploadVoiceSample(queries: QueryClient, id: string, file: File, sent: (share: number) => void) {
  return remember(queries, await act(() => putSample(id, file, sent)));
}

/** What a change was answered with stands: an older answer that is still on its way is not taken in. */
export async function takeAnswer<T>(queries: QueryClient, queryKey: DataTag<QueryKey, T, Error>, answered: T) {
  await queries.cancelQueries({ queryKey, exact: true });
  queries.setQueryData(queryKey, answered);
}

/** Not by `client`: `fetch` does not tell how much is sent already, and ten megabytes on a phone take their time. */
function putSample(id: string, file: File, sent: (share: number) => void) {
  return new Promise<{ data?: Business; error?: unknown; response: Response }>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/api/clients/${encodeURIComponent(id)}/voice-sample`);
    request.setRequestHeader("content-type", file.type || "application/octet-stream");
    // A header is ASCII; a file's name is anything.
    request.setRequestHeader("x-file-name", encodeURIComponent(file.name));
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => sent(total > 0 ? loaded / total : 0));
    request.addEventListener("error", () => reject(new Unreachable()));
    request.addEventListener("load", () => {
      noteServerTime(request.getResponseHeader("date"));
      const { status, response: body } = request as { status: number; response: unknown };
      const response = new Response(null, { status, headers: retryAfter(request) });
      resolve(response.ok ? { data: body as Business, response } : { error: body, response });
    });
    request.send(file);
  });
}

function retryAfter(request: XMLHttpRequest): HeadersInit {
  const wait = request.getResponseHeader("retry-after");
  return wait ? { "retry-after": wait } : {};
}

/** What the api answered is the truth at once; the list and the history are asked for again. */
async function remember(queries: QueryClient, business: Business) {
  const known = businessQuery(business.id).queryKey;
  await takeAnswer(queries, known, business);
  void queries.invalidateQueries({
    queryKey: ["clients"],
    predicate: ({ queryKey }) => queryKey.length !== known.length,
  });
  return business;
}
