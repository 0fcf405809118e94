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

export { openDoor as ask };

export function SignUp() {
  const [search] = useSearchParams();
  const offer = useQuery(offerQuery()).data;
  const [typed, setTyped] = useState<SigningUp>();
  const [sent, setSent] = useState(false);
  const after = returnTo(search);
  if (typed && sent) return <Sent signingUp={typed} change={() => setSent(false)} />;
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
          setSent(true);
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

function Sent({ signingUp, change }: { signingUp: SigningUp; change: () => void }) {
  const [again, setAgain] = useState<string | null>(null);
  async function resend() {
    setAgain(null);
    try {
      await signUp(signingUp);
      setAgain("It was sent again.");
    } catch (error) {
      setAgain(problemWords(error));
    }
  }
  return (
    <Door title="Check your mail">
      <CheckMail
        email={signingUp.email}
        otherwise={
          <>
            <Button look="text" onClick={() => void resend()}>
              Send it again
            </Button>
            <Button look="text" onClick={change}>
              Change the address
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
