/** What stands out about an account: suspended, on its way out, or an administrator's. */
import { Mark } from "../../ui/Mark";
import { longDay } from "../../ui/time";

import type { User } from "../../api/admin";

interface Props {
  user: User;
}

export function UserState({ user }: Props) {
  if (user.state === "deleted") return <Mark tone="quiet">Deleted</Mark>;
  if (user.state === "suspended") return <Mark tone="bad">Suspended</Mark>;
  if (user.deletion_due_at) return <Mark tone="late">Goes {longDay(user.deletion_due_at)}</Mark>;
  if (user.role === "admin") return <Mark tone="plain">Administrator</Mark>;
  return <Mark tone="good">Active</Mark>;
}
