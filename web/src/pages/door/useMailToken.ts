/** The token of the mail's link this page was opened with, also when another link is opened in the same tab. */
import { useEffect, useState } from "react";
import { useLoaderData } from "react-router";
import { takeMailToken } from "../../api/mailLink";

export function useMailToken(): string | null {
  const opened = useLoaderData<string | null>();
  const [later, setLater] = useState<string | null>(null);
  useEffect(() => {
    const take = () => setLater(takeMailToken());
    window.addEventListener("hashchange", take);
    return () => window.removeEventListener("hashchange", take);
  }, []);
  return later ?? opened;
}
