import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { openQueries } from "./api/queries";
import { App } from "./routes";
import "./tokens.css";

const queries = openQueries();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App queries={queries} />
    </QueryClientProvider>
  </StrictMode>,
);
