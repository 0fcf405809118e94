/** A question that failed, in words, with what is safe and the way on. */
import type { ReactNode } from "react";
import { Problem } from "../../api/problem";
import { problemWords } from "../../forms/problemWords";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";

export function Failure({ error, again, action }: { error: unknown; again: () => void; action?: ReactNode }) {
  const { title, words } = said(error);
  return (
    <Notice
      failure
      title={title}
      action={
        <>
          {action}
          <Button onClick={again}>Try again</Button>
        </>
      }
    >
      <p>{words}</p>
      {error instanceof Problem && error.request && <p className="text-xs">Request {error.request}</p>}
    </Notice>
  );
}

function said(error: unknown) {
  if (!(error instanceof Problem)) {
    return {
      title: "Frontdesk does not answer",
      words: "Calls are still taken and saved. This page asks again as soon as it is reachable.",
    };
  }
  if (error.status === 404)
    return { title: "Not found", words: "It may belong to another account, or it has been erased." };
  // What the api says of an address is for whoever writes programs.
  if (error.status === 400 || error.status === 422)
    return {
      title: "This cannot be shown as asked",
      words: "Something in the address, or in a filter, is not as it must be. Take the filters away, and choose them anew.",
    };
  if (error.status < 500) return { title: "This cannot be shown", words: problemWords(error) };
  return { title: "Something went wrong on our side", words: "Saved calls are not affected." };
}
