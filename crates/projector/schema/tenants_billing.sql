-- Whose rows of `billing` are whose; as in tenants_calls.sql. PayPal leaves our key out of some
-- renewals and may name another, so a sale belongs to whoever its subscription belongs to, and without
-- one to whoever it names itself. Subscriptions are the account's own here: the policy of their table
-- holds within the others'.

grant select on checkpoints, subscriptions, invoices, payments to frontdesk_api;

alter table checkpoints enable row level security;
create policy of_everybody on checkpoints to frontdesk_api, frontdesk_workers, frontdesk_admin using (true);

alter table subscriptions enable row level security;
create policy of_account on subscriptions to frontdesk_api using (user_id = (select account.this_account()));
create policy of_service on subscriptions to frontdesk_workers, frontdesk_admin using (true);

alter table invoices enable row level security;
create policy of_account on invoices to frontdesk_api using (
    subscription_id = any (array(select s.id from subscriptions s)));
create policy of_service on invoices to frontdesk_workers, frontdesk_admin using (true);

alter table payments enable row level security;
create policy of_account on payments to frontdesk_api using (
    user_id = (select account.this_account())
    or subscription_id = any (array(select s.id from subscriptions s)));
create policy of_service on payments to frontdesk_workers, frontdesk_admin using (true);
