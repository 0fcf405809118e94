/** What stands out about an account: suspended, on its way out, or an administrator's. */
import { Mark } from "../../ui/Mark";
import { longDay } from "../../ui/time";

interface Props {
  user: { role: string; suspended_at: string | null; deletion_due_at: string | null };
}

export function UserState({ user }: Props) {
  if (user.suspended_at) return <Mark tone="bad">Suspended</Mark>;
  if (user.deletion_due_at) return <Mark tone="late">Goes {longDay(user.deletion_due_at)}</Mark>;
  if (user.role === "admin") return <Mark tone="plain">Administrator</Mark>;
  return <Mark tone="good">Active</Mark>;
}
