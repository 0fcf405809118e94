/** What stands where an account's owner alone decides. */
import { useMe } from "../../api/me";
import { Notice } from "../../ui/Notice";

export function OwnersOnly({ what }: { what: string }) {
  const { account } = useMe();
  return (
    <div className="card">
      <Notice title="This is the owner's">
        <p>
          {what} of <bdi>{account.name}</bdi> {what.endsWith("s") ? "are" : "is"} looked after by its owner.
        </p>
      </Notice>
    </div>
  );
}
