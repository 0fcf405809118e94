/** The way in for whoever has an account. What a provider said on the way back stands above the form. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { type Me, enter } from "../api/me";
import { type ReadyAccount, offerQuery } from "../api/settings";
import { SignInForm, refusedWords, signIn } from "../forms/SignInForm";
import { problemWords } from "../forms/problemWords";
import { returnWords } from "../forms/returnWords";
import { paths, returnTo } from "../paths";
import { Button } from "../ui/Button";
import { DOOR_LINK, Door, Elsewhere } from "./door/Door";
import { Providers } from "./door/Providers";
import { onward, openDoor } from "./door/openDoor";
import { useTyped, withTyped } from "./door/typed";

export { openDoor as ask };

export function SignIn() {
  const [search] = useSearchParams();
  const offer = useQuery(offerQuery()).data;
  const after = returnTo(search);
  const signedIn = useSignedIn(after);
  const navigate = useNavigate();
  const email = useTyped();
  const problem = search.get("problem");
  return (
    <Door title="Sign in">
      {problem && (
        <p role="alert" className="rounded-inner bg-late-soft px-3 py-2 text-late">
          {returnWords(problem)}
        </p>
      )}
      <SignInForm
        signedIn={signedIn}
        email={email}
        onlyCode={search.get("step") === "code"}
        again={() => void navigate(paths.signIn({ returnTo: after }), { replace: true })}
        forgotten={(email) => (
          <Link to={paths.forgotten()} state={withTyped(email)} className={DOOR_LINK}>
            Forgotten it?
          </Link>
        )}
      />
      <Providers providers={offer?.providers ?? []} returnTo={after} />
      <Elsewhere>
        No account yet?{" "}
        <Link to={paths.signUp({ returnTo: after })} className={DOOR_LINK}>
          Create one
        </Link>
      </Elsewhere>
      <ReadyAccounts accounts={offer?.ready_accounts ?? []} signedIn={signedIn} />
    </Door>
  );
}

/** Somebody is in: on to where they wanted to go, or to the invitation that waits for them. */
export function useSignedIn(after: string) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return (me: Me) => {
    enter(queries, me);
    void navigate(onward(after), { replace: true });
  };
}

/** On a machine of one's own the sandbox has people with a history: one press each. */
function ReadyAccounts({ accounts, signedIn }: { accounts: ReadyAccount[]; signedIn: (me: Me) => void }) {
  const [failure, setFailure] = useState<string | null>(null);
  if (accounts.length === 0) return null;
  async function enterAs({ email, password }: ReadyAccount) {
    setFailure(null);
    try {
      signedIn(await signIn({ email, password }));
    } catch (error) {
      setFailure(refusedWords(error) ?? problemWords(error));
    }
  }
  return (
    <section aria-labelledby="ready" className="card flex flex-col gap-2 p-4">
      <h2 id="ready" className="font-semibold">
        Ready accounts
      </h2>
      <p className="text-xs text-quiet">This runs on your machine, with people of its sandbox to try it as.</p>
      {failure && (
        <p role="alert" className="text-bad">
          {failure}
        </p>
      )}
      <ul className="flex flex-col gap-2">
        {accounts.map((account) => (
          <li key={account.email}>
            <Button className="w-full justify-start py-2 text-left" onClick={() => void enterAs(account)}>
              {/* Two lines: words cut short are no help in choosing. */}
              <span className="min-w-0 whitespace-normal [overflow-wrap:anywhere]">
                {account.title}
                <span className="sr-only">, </span>
                <span className="block text-xs font-normal text-quiet">{account.email}</span>
              </span>
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
