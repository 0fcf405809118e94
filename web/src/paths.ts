/** Every address of the dashboard. A page that needs one asks here; nobody glues strings. */
import { type CallFilter, writeFilter } from "./api/callFilter";

export const paths = {
  overview: (search = "") => `/${search}`,
  calls: (filter: CallFilter = {}) => `/calls${question(writeFilter(filter))}`,
  /** `search` keeps the list beside the call as it was filtered. */
  call: (id: string, search = "") => `/calls/${encodeURIComponent(id)}${search}`,
  billing: (search = "") => `/billing${search}`,
};

function question(search: URLSearchParams) {
  return search.size > 0 ? `?${search.toString()}` : "";
}
