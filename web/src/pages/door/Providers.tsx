/** Signing in through somebody who knows the person already. They leave and come back signed in. */
import type { ReactNode } from "react";
import { noteLeavingForProvider } from "../../api/session";
import type { Provider } from "../../api/settings";
import { paths } from "../../paths";
import { buttonLook } from "../../ui/Button";
import { providerName } from "../../forms/providerWords";

export function Providers({ providers, returnTo }: { providers: Provider[]; returnTo: string }) {
  if (providers.length === 0) return null;
  return (
    <>
      <Or />
      <div className="flex flex-col gap-2">
        {providers.map((provider) => (
          <a
            key={provider}
            href={paths.provider(provider, returnTo)}
            onClick={noteLeavingForProvider}
            className={buttonLook("plain", "min-h-11")}
          >
            Continue with {providerName(provider)}
          </a>
        ))}
      </div>
    </>
  );
}

function Or(): ReactNode {
  return (
    <p className="flex items-center gap-3 text-xs text-quiet before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
      or
    </p>
  );
}
