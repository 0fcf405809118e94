/** The address that is known on one page of the door goes along to the next one that asks for it. */
import { useLocation } from "react-router";

/** The state of a link. */
export function withTyped(email: string) {
  return { typed: email };
}

/** Empty where nothing came along; a state may be of another version of this page. */
export function useTyped(): string {
  const { state } = useLocation() as { state: unknown };
  if (typeof state !== "object" || state === null || !("typed" in state)) return "";
  return typeof state.typed === "string" ? state.typed : "";
}
