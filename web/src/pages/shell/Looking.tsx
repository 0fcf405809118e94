/** Over every page while an administrator looks at somebody's account: whose it is, and the way back. */
import type { Me } from "../../api/me";
import { useActFor } from "../../forms/useActFor";
import { Button } from "../../ui/Button";

export function Looking({ me: { account, user } }: { me: Me }) {
  const { actFor, failure } = useActFor();
  return (
    <div
      role="note"
      className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b border-line bg-accent-soft px-4 py-2.5 text-accent rail:px-6"
    >
      <p className="min-w-0 font-medium">
        You look at the account of <bdi>{account.name}</bdi>, to read only. {failure}
      </p>
      <Button onClick={() => void actFor(user.id)}>Back to your own</Button>
    </div>
  );
}
