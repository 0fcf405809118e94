/** Who is signed in and for which account, the way to another one, to the settings and out. */
import * as Popover from "@radix-ui/react-popover";
import { type KeyboardEvent, useState } from "react";
import { Link, useNavigate } from "react-router";
import { type Me, type Membership, isAdmin, isLooking, useMe } from "../api/me";
import { paths, signingOut } from "../paths";
import { classes } from "../ui/classes";
import { roleWords } from "./roleWords";
import { useActFor } from "./useActFor";

export function AccountMenu() {
  const me = useMe();
  const [open, setOpen] = useState(false);
  // Here and not in the menu, which may be closed meanwhile.
  const over = useActFor();
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger
        // As it reads where there is room for the words, for whoever says them to press it.
        aria-label={`Account: ${me.account.name} ${asWhom(me)}`}
        className="flex min-h-11 min-w-0 items-center gap-2.5 rounded-inner text-left transition-colors hover:bg-sunken rail:w-full rail:px-2"
      >
        <Initials name={me.user.name} />
        <span className="hidden min-w-0 flex-1 rail:block">
          <span className="block truncate font-medium">{me.account.name}</span>
          <span className="block truncate text-xs text-quiet">{asWhom(me)}</span>
        </span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={12}
          aria-label="Account"
          // By itself it would pass over links, and begin at "Sign out".
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            entriesOf(event.currentTarget)[0]?.focus();
          }}
          onKeyDown={walk}
          className="z-30 max-h-(--radix-popover-content-available-height) w-[min(300px,calc(100vw-24px))] overflow-y-auto rounded-card border border-line bg-surface p-2 shadow-float"
        >
          <div className="px-3 py-2">
            <p className="truncate font-semibold">{me.user.name}</p>
            <p className="truncate text-xs text-quiet">{me.user.email}</p>
          </div>
          <div role="menu" aria-label="Account">
            {(me.accounts.length > 1 || isLooking(me)) && <Accounts {...{ me, over }} close={() => setOpen(false)} />}
            <Ways me={me} close={() => setOpen(false)} />
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function entriesOf(menu: EventTarget | null) {
  return menu instanceof HTMLElement ? [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]")] : [];
}

/** Up and down go round, Home and End to the ends; Escape closes, which the popover does. */
function walk(event: KeyboardEvent<HTMLElement>) {
  const entries = entriesOf(event.currentTarget);
  const at = entries.findIndex((entry) => entry === document.activeElement);
  const next = target(event.key, at, entries.length);
  if (next === null) return;
  event.preventDefault();
  entries.at(next)?.focus();
}

function target(key: string, at: number, length: number) {
  switch (key) {
    case "ArrowDown":
      return (at + 1) % length;
    case "ArrowUp":
      return at - 1;
    case "Home":
      return 0;
    case "End":
      return -1;
    default:
      return null;
  }
}

const ENTRY =
  "flex min-h-10 w-full items-center gap-2 rounded-inner px-3 text-left transition-colors hover:bg-sunken focus-visible:-outline-offset-2";

interface AccountsProps {
  me: Me;
  over: ReturnType<typeof useActFor>;
  close: () => void;
}

function Accounts({ me, over: { actFor, failure }, close }: AccountsProps) {
  async function choose({ id }: Membership) {
    if (await actFor(id)) close();
  }

  return (
    <div role="group" aria-label="Act for" className="border-t border-line py-1">
      <p aria-hidden className="px-3 pt-1.5 pb-1 text-xs text-quiet">
        Act for
      </p>
      {failure && (
        <p role="alert" className="px-3 py-1 text-xs text-bad">
          {failure}
        </p>
      )}
      {me.accounts.map((account) => {
        const current = account.id === me.account.id;
        return (
          <button
            key={account.id}
            type="button"
            role="menuitemradio"
            aria-checked={current}
            onClick={() => (current ? close() : void choose(account))}
            className={classes(ENTRY, current && "bg-accent-soft text-accent")}
          >
            <span className="min-w-0 flex-1">
              <span className="block truncate font-medium">{account.name}</span>
              <span className="block truncate text-xs text-quiet">
                {account.id === me.user.id ? "Your own" : roleWords(account.role).name}
              </span>
            </span>
            {current && <span aria-hidden>✓</span>}
          </button>
        );
      })}
    </div>
  );
}

function Ways({ me, close }: { me: Me; close: () => void }) {
  const navigate = useNavigate();
  function leave() {
    close();
    void navigate(paths.signOut(), signingOut());
  }
  return (
    <div className="border-t border-line pt-1">
      <Link role="menuitem" to={paths.settings("profile")} onClick={close} className={ENTRY}>
        Settings
      </Link>
      {isAdmin(me) && (
        <Link role="menuitem" to={paths.admin("users")} onClick={close} className={ENTRY}>
          Administration
        </Link>
      )}
      <button type="button" role="menuitem" onClick={leave} className={ENTRY}>
        Sign out
      </button>
    </div>
  );
}

function Initials({ name }: { name: string }) {
  const letters = name
    .split(/\s+/)
    .flatMap((word) => Array.from(word)[0] ?? [])
    .slice(0, 2)
    .join("")
    .toUpperCase();
  return (
    <span
      aria-hidden
      className="inline-flex size-8 shrink-0 items-center justify-center rounded-full bg-accent-soft text-xs font-semibold text-accent"
    >
      {letters}
    </span>
  );
}

function asWhom({ user, account }: Me) {
  return account.id === user.id ? "Your own account" : `as ${user.name}`;
}
