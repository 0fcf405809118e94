/** An address that leads nowhere. */
import { Link } from "react-router";
import { paths } from "../paths";
import { buttonLook } from "../ui/Button";
import { Notice } from "../ui/Notice";

export function Lost() {
  return (
    <div className="pt-16">
      <title>Nothing here · Frontdesk</title>
      <h1 className="sr-only">Nothing here</h1>
      <Notice
        title="There is nothing at this address"
        action={
          <Link to={paths.overview()} className={buttonLook("strong")}>
            Go to the overview
          </Link>
        }
      >
        <p>The link may be old, or cut short on its way.</p>
      </Notice>
    </div>
  );
}
