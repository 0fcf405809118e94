/** Everybody who has an account, newest first; found by name or address. */
import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { type User, usersQuery } from "../../api/admin";
import { OneOf } from "../../forms/FilterFields";
import { SearchBox } from "../../forms/SearchBox";
import { useNarrow } from "../../forms/useNarrow";
import { paths } from "../../paths";
import { AwaitingRows } from "../../ui/Awaiting";
import { classes } from "../../ui/classes";
import { Notice } from "../../ui/Notice";
import { type Column, ROW_LINK, Row, Rows } from "../../ui/Rows";
import { count } from "../../ui/figures";
import { longDay } from "../../ui/time";
import { Failure } from "../shell/Failure";
import { PageHead } from "../shell/PageHead";
import { Paging } from "../shell/Paging";
import { UserState } from "./UserState";

export function Users() {
  const [search] = useSearchParams();
  const narrow = useNarrow();
  const state = STATES.find((one) => one === search.get("state"));
  const role = ROLES.find((one) => one === search.get("role"));
  const users = useQuery(usersQuery({ q: search.get("q") ?? "", cursor: search.get("cursor"), state, role }));
  const { data, error, isPlaceholderData } = users;
  return (
    <>
      <PageHead title="Users">
        <SearchBox label="Name or e-mail address" />
      </PageHead>
      <div className="grid max-w-form grid-cols-2 gap-2">
        <OneOf
          label="State"
          words={STATE_WORDS}
          any="All but deleted"
          value={state}
          choose={(state) => narrow({ state })}
        />
        <OneOf label="Role" words={ROLE_WORDS} value={role} choose={(role) => narrow({ role })} />
      </div>
      <div className={classes("card overflow-clip transition-opacity", isPlaceholderData && "opacity-60")}>
        {data ? (
          data.items.length > 0 ? (
            <Rows label="Users" columns={COLUMNS}>
              {data.items.map((user) => (
                <UserRow key={user.id} user={user} />
              ))}
            </Rows>
          ) : (
            <Notice title="Nobody matches">
              <p>Look for part of a name or of an e-mail address, or take a filter away.</p>
            </Notice>
          )
        ) : error ? (
          <Failure error={error} again={() => void users.refetch()} />
        ) : (
          <AwaitingRows rows={10} className="h-15 rail:h-10" />
        )}
        <Paging next={data?.next_cursor} newest="First users" older="More users" />
      </div>
    </>
  );
}

const STATE_WORDS: Record<User["state"], string> = {
  active: "Active",
  leaving: "Leaving",
  suspended: "Suspended",
  deleted: "Deleted",
};
const STATES = Object.keys(STATE_WORDS) as User["state"][];

const ROLE_WORDS: Record<User["role"], string> = { owner: "Owner", admin: "Administrator" };
const ROLES = Object.keys(ROLE_WORDS) as User["role"][];

const COLUMNS: Column[] = [
  { name: "Name", width: "minmax(0, 1fr)" },
  { name: "E-mail address", width: "minmax(0, 1.4fr)" },
  { name: "Since", width: "112px" },
  { name: "Businesses", width: "88px", right: true },
  { name: "State", width: "160px" },
];

function UserRow({ user }: { user: User }) {
  return (
    <Row columns={COLUMNS}>
      <span role="cell" className="order-1 min-w-0 truncate font-medium @table:order-none">
        <Link data-row to={paths.adminUser(user.id)} className={ROW_LINK}>
          <bdi>{user.name}</bdi>
        </Link>
      </span>
      <span role="cell" className="order-3 min-w-0 truncate text-quiet @table:order-none">
        {user.email}
      </span>
      <span role="cell" className="figures hidden @table:block">
        {longDay(user.created_at)}
      </span>
      <span role="cell" className="figures hidden text-right @table:block">
        {count(user.clients)}
      </span>
      <span role="cell" className="order-2 flex justify-end @table:order-none @table:justify-start">
        <UserState user={user} />
      </span>
    </Row>
  );
}
