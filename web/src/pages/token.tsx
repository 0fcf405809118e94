/** The gate: asks for the access token until the accounts bring logins. */
import { TokenForm } from "../forms/TokenForm";

export default function Token({ linkRefused }: { linkRefused: boolean }) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-[400px] flex-col justify-center gap-4 px-4 py-10">
      <title>Enter · Frontdesk</title>
      <div className="flex items-center gap-2.5">
        <img src="/icon.svg" alt="" width="28" height="28" />
        <p className="text-md font-semibold">Frontdesk</p>
      </div>
      <h1 className="text-xl font-semibold">Enter the access token</h1>
      {linkRefused && (
        <p role="status" className="text-late">
          This link's token is not valid any more. Take the newest link, or enter the token here.
        </p>
      )}
      <p className="text-quiet">
        It was printed where Frontdesk was started, with a link that fills it in for you. It also stands in the file{" "}
        <code className="text-ink">.env</code> as <code className="text-ink">DEV_TOKEN</code>.
      </p>
      <TokenForm />
    </main>
  );
}
