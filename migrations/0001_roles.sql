-- One database role per process role, so that "only the projector writes calls and billing,
-- only the api writes account" is the server's rule and not a habit. They cannot log in: each
-- process connects with DATABASE_URL and takes its role (`options=-c role=…`).
do $$
declare name text;
begin
    foreach name in array array['frontdesk_projector', 'frontdesk_api', 'frontdesk_workers'] loop
        begin
            execute format('create role %I nologin', name);
        exception when duplicate_object or unique_violation then
            -- Roles belong to the whole cluster: another database made it first.
            null;
        end;
        begin
            execute format('grant %I to current_user', name);
        exception when unique_violation then
            null;
        end;
    end loop;
end
$$;

create schema account;
comment on schema account is 'The truth about users and clients. Written by the api alone.';

create schema ops;
comment on schema ops is 'What workers must remember about effects. Written by workers alone.';
