/** A link of a mail that leads nowhere any more, and the way to another one. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import { paths } from "../../paths";
import { DOOR_LINK, Door, Elsewhere } from "./Door";

interface Props {
  /** It was tried, and the server said so; else the address holds no link at all. */
  used: boolean;
  action: ReactNode;
  otherwise: string;
}

export function LinkOver({ used, action, otherwise }: Props) {
  return (
    <Door title={used ? "This link does not work any more" : "The link is missing"}>
      <p role={used ? "alert" : undefined}>
        {used
          ? "Each link works once and for a limited time. This one was used already, or it is too old."
          : "This page is opened by the link in a mail. Open that link again, all of it."}
      </p>
      {action}
      <Elsewhere>
        {otherwise}{" "}
        <Link to={paths.signIn()} className={DOOR_LINK}>
          Sign in
        </Link>
      </Elsewhere>
    </Door>
  );
}
