-- What the end of an account leaves to be done outside the database, and finding its rows quickly.

-- Files lie in another system: they are erased after the commit, again and again until it worked.
alter table account.users add column erased_at timestamptz;
comment on column account.users.erased_at is 'When the files of an ended account were gone from the store.';
update account.users set erased_at = deleted_at where deleted_at is not null;
grant update (erased_at) on account.users to frontdesk_admin;
create index users_to_erase on account.users (deleted_at) where deleted_at is not null and erased_at is null;

-- Others may have written its address into their invitations.
create index invitations_for_address on account.invitations (lower(email));
create index invitations_accepted_by on account.invitations (accepted_by) where accepted_by is not null;
