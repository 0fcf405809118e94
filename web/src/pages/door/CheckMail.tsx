/** A mail is on its way: what to look for, where, and what to do when it does not come. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { offerQuery } from "../../api/settings";
import { buttonLook } from "../../ui/Button";

interface Props {
  email: string;
  /** What the mail is for: "Its link confirms the address". */
  children: ReactNode;
  /** The ways on, when the mail does not come. */
  otherwise: ReactNode;
}

export function CheckMail({ email, children, otherwise }: Props) {
  const offer = useQuery(offerQuery());
  const mailbox = offer.data?.mailbox_url;
  return (
    <>
      <p role="status" className="[overflow-wrap:anywhere]">
        We have written to <strong className="font-semibold">{email}</strong>. {children}
      </p>
      {mailbox && (
        <a href={mailbox} target="_blank" rel="noreferrer" className={buttonLook("strong", "min-h-11")}>
          Open the mailbox
        </a>
      )}
      <p className="text-quiet">
        The link works once, for an hour. Nothing there? Look among the spam, and see whether the address is right.
      </p>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">{otherwise}</div>
    </>
  );
}
