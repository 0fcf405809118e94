/**
 * The way out. It is a page, so that the others are gone before the session ends: what is still
 * drawn asks again at each change, and would be refused. Whoever has typed something is asked on
 * the way here, and may stay.
 */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { Link, useLocation, useNavigate, useSearchParams } from "react-router";
import { type Where, signOut } from "../api/me";
import { problemWords } from "../forms/problemWords";
import { paths, returnTo } from "../paths";
import { Button, buttonLook } from "../ui/Button";
import { Door } from "./door/Door";

export function SignOut() {
  const pressed = whereOf(useLocation().state);
  const [search] = useSearchParams();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [failure, setFailure] = useState<string | null>(null);
  const begun = useRef(false);

  async function leave(where: Where) {
    setFailure(null);
    try {
      await signOut(queries, where);
      await navigate(paths.signIn({ returnTo: returnTo(search) }), { replace: true });
    } catch (error) {
      setFailure(problemWords(error));
    }
  }

  const leaveAtOnce = useEffectEvent(() => {
    if (!pressed || begun.current) return;
    begun.current = true;
    void leave(pressed);
  });
  useEffect(() => leaveAtOnce(), []);

  // A link of somebody else's leads here too: by itself it ends nothing.
  const title = failure ? "You are still signed in" : pressed ? "Signing out" : "Sign out?";
  return (
    <Door title={title}>
      {failure && (
        <p role="alert">
          Your session has not ended: whoever uses this browser next can go on where you were. {failure}
        </p>
      )}
      {(failure !== null || !pressed) && (
        <>
          <Button look="strong" className="min-h-11" onClick={() => void leave(pressed ?? "here")}>
            {failure ? "Try again" : "Sign out"}
          </Button>
          <Link to={paths.overview()} className={buttonLook("plain", "min-h-11")}>
            Go to the dashboard
          </Link>
        </>
      )}
    </Door>
  );
}

/** What `signingOut` says. */
function whereOf(state: unknown): Where | null {
  const where = typeof state === "object" && state !== null && "signOut" in state ? state.signOut : null;
  return where === "here" || where === "everywhere" ? where : null;
}
