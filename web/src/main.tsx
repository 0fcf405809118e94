import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { openQueries } from "./api/queries";
import { openByLink } from "./api/session";
import { App } from "./routes";
import "./tokens.css";

const queries = openQueries();

/** A link from the terminal carries the token behind `#`; it is traded before the first question is asked. */
async function admit() {
  try {
    if (await openByLink()) await queries.resetQueries();
  } catch {
    // The page that asks for the token says what went wrong when it is tried by hand.
  }
}

window.addEventListener("hashchange", () => void admit());
await admit();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App queries={queries} />
    </QueryClientProvider>
  </StrictMode>,
);
