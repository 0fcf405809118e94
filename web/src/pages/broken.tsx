/** A page that broke: its code was replaced by a newer version while it was open, or nobody answers. */
import { useRouteError } from "react-router";
import { Problem, Unreachable } from "../api/problem";
import { Button } from "../ui/Button";
import { Notice } from "../ui/Notice";

export function Broken() {
  const error = useRouteError();
  const unreachable = error instanceof Unreachable || (error instanceof Problem && error.status >= 500);
  return (
    <main className="flex min-h-dvh items-center">
      <title>Frontdesk</title>
      <Notice
        failure
        title={unreachable ? "Frontdesk does not answer" : "This page could not be drawn"}
        action={<Button onClick={() => window.location.reload()}>Load it again</Button>}
      >
        <p>Calls are still taken and saved. If Frontdesk was updated a moment ago, loading again is all it needs.</p>
        {error instanceof Error && <p className="text-xs">{error.message}</p>}
      </Notice>
    </main>
  );
}
