/** One field: trades the access token for a session. A refused token stays in the field, to be mended. */
import { type SubmitEvent, useState } from "react";
import { openSession } from "../api/session";
import { Button } from "../ui/Button";
import { TextField } from "../ui/Field";

export function TokenForm() {
  const [token, setToken] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function send(event: SubmitEvent) {
    event.preventDefault();
    const trimmed = token.trim();
    if (trimmed === "") {
      setError("Paste the token first.");
      return;
    }
    setBusy(true);
    setError(null);
    try {
      if (!(await openSession(trimmed)))
        setError("This is not the token Frontdesk was started with. It changes when .env is written anew.");
    } catch {
      setError("Frontdesk does not answer. Is it running? Nothing is lost: try again.");
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void send(event)} noValidate className="flex flex-col gap-3">
      {/* Password managers, and the browser's own checks, expect a name beside a secret. */}
      <input type="text" name="username" autoComplete="username" value="frontdesk" readOnly hidden />
      <TextField
        label="Access token"
        type="password"
        autoComplete="current-password"
        spellCheck={false}
        autoFocus
        value={token}
        onChange={(event) => setToken(event.target.value)}
        error={error}
        help="It is kept as a cookie in this browser, and nowhere else."
      />
      <Button look="strong" type="submit" disabled={busy} className="min-h-11">
        Open the dashboard
      </Button>
    </form>
  );
}
