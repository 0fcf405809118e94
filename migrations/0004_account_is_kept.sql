-- Events name users and clients for ever by keys of ours. A row that is deleted, or whose key,
-- owner or beginning changes, would give a rebuild other rows than the live projector wrote. Who
-- leaves is marked (`deleted_at`) and loses name and address; the row stays.
create function account.refuse_loss() returns trigger language plpgsql as $$
begin
    raise exception 'rows of account.% are marked as deleted, not deleted: events name them', tg_table_name
        using errcode = 'restrict_violation';
end
$$;
create trigger kept before delete or truncate on account.users
    for each statement execute function account.refuse_loss();
create trigger kept before delete or truncate on account.clients
    for each statement execute function account.refuse_loss();

create function account.refuse_other_keys() returns trigger language plpgsql as $$
begin
    raise exception 'id, keys, owner and beginning of a row of account.% never change: events name it by them',
        tg_table_name using errcode = 'restrict_violation';
end
$$;
create trigger keys_stay before update on account.users for each row
    when ((old.id, old.billing_key, old.created_at) is distinct from (new.id, new.billing_key, new.created_at))
    execute function account.refuse_other_keys();
create trigger keys_stay before update on account.clients for each row
    when ((old.id, old.user_id, old.tenant_key, old.created_at)
        is distinct from (new.id, new.user_id, new.tenant_key, new.created_at))
    execute function account.refuse_other_keys();

alter table account.users add column deleted_at timestamptz;

-- The api may change what is its own, and says of nothing when it began.
revoke insert, update, delete on account.users, account.clients from frontdesk_api;
grant insert (id, email, name, billing_key, time_zone) on account.users to frontdesk_api;
grant update (email, name, time_zone, deleted_at) on account.users to frontdesk_api;
grant insert (id, user_id, name, profession, tenant_key, time_zone) on account.clients to frontdesk_api;
grant update (name, profession, time_zone, deleted_at) on account.clients to frontdesk_api;
revoke insert on account.number_assignments from frontdesk_api;
grant insert (number, client_id) on account.number_assignments to frontdesk_api;
