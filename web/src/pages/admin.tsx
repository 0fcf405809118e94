/** For whoever runs the service: everybody's accounts and businesses, and what was done. */
import { NavLink, Outlet, useLocation } from "react-router";
import { isAdmin, useMe } from "../api/me";
import { type AdminPage, paths } from "../paths";
import { tabLook } from "../ui/Button";
import { TabRow } from "../ui/TabRow";
import { Lost } from "./lost";

const PAGES: { page: AdminPage; words: string }[] = [
  { page: "users", words: "Users" },
  { page: "clients", words: "Businesses" },
  { page: "audit", words: "Audit" },
];

export function Admin() {
  const me = useMe();
  const { pathname } = useLocation();
  // To everybody else there is no such page.
  if (!isAdmin(me)) return <Lost />;
  return (
    <div className="mx-auto flex max-w-page flex-col gap-4 px-4 py-4 rail:px-6 rail:py-5">
      <TabRow label="Administration" at={pathname}>
        {PAGES.map(({ page, words }) => (
          <NavLink
            key={page}
            to={paths.admin(page)}
            className={({ isActive }) => tabLook(isActive)}
          >
            {words}
          </NavLink>
        ))}
      </TabRow>
      <Outlet />
    </div>
  );
}
