//! People and their businesses, as rows. Signing up through the API costs a mail and a password hash
//! on purpose; what is tested with these people is something else.

use tokio_postgres::Client;
use uuid::Uuid;

/// A proven user whose address is `<name>@example.com`; gives the id, which is also their account. They
/// were there before every event of a test, so it must come before the first of them is folded.
pub async fn user(client: &Client, name: &str) -> Uuid {
    let sql = "insert into account.users (id, email, name, billing_key, created_at)
               values (gen_random_uuid(), $1 || '@example.com', $1, 'bill_' || $1, '2020-01-01') returning id";
    client.query_one(sql, &[&name]).await.unwrap().get(0)
}

/// The same, from now on.
pub async fn newcomer(client: &Client, name: &str) -> Uuid {
    let sql = "insert into account.users (id, email, name, billing_key, created_at)
               values (gen_random_uuid(), $1 || '@example.com', $1, 'bill_' || $1, now()) returning id";
    client.query_one(sql, &[&name]).await.unwrap().get(0)
}

/// Lets somebody into an account that is not theirs, as `manager` or `reader`.
pub async fn join(client: &Client, person: Uuid, account: Uuid, role: &str) {
    let sql = "insert into account.members (account_id, user_id, role, joined_at) values ($1, $2, $3, now())";
    client
        .execute(sql, &[&account, &person, &role])
        .await
        .unwrap();
}

/// A client of a user, reached by its tenant key `tnt_<name>` and by a number.
pub async fn business(client: &Client, user: Uuid, name: &str, number: &str) -> Uuid {
    let id = Uuid::new_v4();
    let sql = "insert into account.clients (id, user_id, name, profession, tenant_key, created_at)
               values ($1, $2, $3, 'dentist', 'tnt_' || $3, '2020-01-01')";
    client.execute(sql, &[&id, &user, &name]).await.unwrap();
    let sql = "insert into account.number_assignments (number, client_id, assigned_at) values ($1, $2, '2020-01-01')";
    client.execute(sql, &[&number, &id]).await.unwrap();
    id
}

/// A browser that has just signed in, looking at an account; gives its cookie, `session=…`.
pub async fn sign_in(client: &Client, person: Uuid, account: Uuid) -> String {
    let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let sql = "insert into account.sessions (id, token_hash, user_id, account_id, method, user_agent, address,
                   created_at, seen_at, proven_at, expires_at)
               values (gen_random_uuid(), sha256(convert_to($1, 'UTF8')), $2, $3, 'password', 'a test', '127.0.0.1',
                   now(), now(), now(), now() + interval '7 d')";
    client
        .execute(sql, &[&token, &person, &account])
        .await
        .unwrap();
    format!("session={token}")
}
