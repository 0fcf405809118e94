-- An export holds all that is kept about somebody, so workers read it; what would open an account to
-- whoever reads it (hashes, secrets) stays out of their sight.
grant select on account.identities, account.audit to frontdesk_workers;
grant select (id, prefix, name, user_id, account_id, scopes, created_at, expires_at, used_at, revoked_at)
    on account.api_keys to frontdesk_workers;

-- The history of all clients of an account, in pages.
create index client_history_of_user on account.client_changes (user_id, id);
