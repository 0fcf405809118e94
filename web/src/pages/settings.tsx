/** The settings: what there is to set, and the one that is open beside it. */
import { NavLink, Outlet, useLocation } from "react-router";
import { may, useMe } from "../api/me";
import { type SettingsPage, paths } from "../paths";
import { tabLook } from "../ui/Button";
import { TabRow } from "../ui/TabRow";

interface Entry {
  page: SettingsPage;
  words: string;
  /** Of the account, so its owner's alone. */
  owners?: boolean;
}

const PERSON: Entry[] = [
  { page: "profile", words: "Profile" },
  { page: "security", words: "Security" },
  { page: "notifications", words: "Notifications" },
];
const ACCOUNT: Entry[] = [
  { page: "members", words: "Members" },
  { page: "keys", words: "API keys", owners: true },
  { page: "data", words: "Your data" },
  { page: "activity", words: "Activity", owners: true },
];

export function Settings() {
  const owns = may(useMe(), "own");
  const { pathname } = useLocation();
  const entries = [...PERSON, ...ACCOUNT].filter(({ owners }) => owns || !owners);
  return (
    <div className="mx-auto grid max-w-page gap-4 px-4 py-4 rail:px-6 rail:py-5 beside:grid-cols-[176px_minmax(0,1fr)] beside:gap-8">
      <TabRow
        label="Settings"
        at={pathname}
        className="-mx-4 px-4 beside:mx-0 beside:flex-col beside:px-0"
      >
        {entries.map(({ page, words }) => (
          <NavLink
            key={page}
            to={paths.settings(page)}
            className={({ isActive }) => tabLook(isActive)}
          >
            {words}
          </NavLink>
        ))}
      </TabRow>
      <div className="flex min-w-0 max-w-form flex-col gap-4">
        <Outlet />
      </div>
    </div>
  );
}
