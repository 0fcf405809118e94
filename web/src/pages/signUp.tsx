/** A new account. Nothing is made before the address is proven, so this ends with a look into the mailbox. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";
import { offerQuery } from "../api/settings";
import { SignUpForm, type SigningUp, signUp } from "../forms/SignUpForm";
import { problemWords } from "../forms/problemWords";
import { paths, returnTo } from "../paths";
import { Button } from "../ui/Button";
import { CheckMail } from "./door/CheckMail";
import { DOOR_LINK, Door, Elsewhere } from "./door/Door";
import { Providers } from "./door/Providers";
import { openDoor } from "./door/openDoor";
import { useSentTo } from "./door/sentTo";
import { useTyped } from "./door/typed";

export { openDoor as ask };

export function SignUp() {
  const [search] = useSearchParams();
  const offer = useQuery(offerQuery()).data;
  const email = useTyped();
  const [typed, setTyped] = useState<SigningUp | undefined>(email === "" ? undefined : { name: "", email, password: "" });
  const [sentTo, keepSentTo] = useSentTo();
  const after = returnTo(search);
  if (sentTo) {
    return (
      <Sent
        email={sentTo.email}
        // Loaded again, the page has forgotten the password, and cannot send anything by itself.
        signingUp={typed?.email === sentTo.email ? typed : undefined}
        change={() => {
          setTyped((known) => known ?? { name: "", password: "", ...sentTo });
          void keepSentTo(null);
        }}
      />
    );
  }
  return (
    <Door title="Create an account">
      <p className="text-quiet">
        A receptionist that answers your phone day and night. Look around for free; a number is put into service with
        the first payment.
      </p>
      <SignUpForm
        values={typed}
        sent={(values) => {
          setTyped(values);
          void keepSentTo({ email: values.email, name: values.name });
        }}
      />
      <Providers providers={offer?.providers ?? []} returnTo={after} />
      <Elsewhere>
        You have one?{" "}
        <Link to={paths.signIn({ returnTo: after })} className={DOOR_LINK}>
          Sign in
        </Link>
      </Elsewhere>
    </Door>
  );
}

interface SentProps {
  email: string;
  /** What was sent, to be sent again. */
  signingUp: SigningUp | undefined;
  change: () => void;
}

function Sent({ email, signingUp, change }: SentProps) {
  const [again, setAgain] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  async function resend(signingUp: SigningUp) {
    // Each press is a mail.
    if (busy) return;
    setBusy(true);
    setAgain(null);
    try {
      await signUp(signingUp);
      setAgain("It was sent again.");
    } catch (error) {
      setAgain(problemWords(error));
    }
    setBusy(false);
  }
  return (
    <Door title="Check your mail">
      <CheckMail
        email={email}
        otherwise={
          <>
            {signingUp && (
              <Button look="text" onClick={() => void resend(signingUp)}>
                Send it again
              </Button>
            )}
            <Button look="text" onClick={change}>
              {signingUp ? "Change the address" : "Send it again or to another address"}
            </Button>
            <span role="status" className="text-quiet">
              {again}
            </span>
          </>
        }
      >
        Open the link in it to finish. It is best opened in this browser; elsewhere it asks for your password.
      </CheckMail>
    </Door>
  );
}
