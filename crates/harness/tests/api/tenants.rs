//! Whose rows are whose: by every route that reads, and by SQL under the api's own role.

use crate::{
    billing::{paypal, sale, subscription},
    person::Person,
    stage::Stage,
    story::{Story, analysis},
};
use chrono::TimeDelta;
use frontdesk_process::clock;
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Two accounts with a business each, the same things happening to both, and to nobody.
async fn two_accounts() -> (Stage, [Person; 2]) {
    let stage = Stage::set().await;
    let people = [stage.person("ada").await, stage.person("bob").await];
    let numbers = ["+14155550201", "+14155550202"];
    let mut events = Vec::new();
    let start = clock::now() - TimeDelta::days(3);
    for (n, (person, name)) in people.iter().zip(["ada", "bob"]).enumerate() {
        stage
            .business(person.id, &format!("of_{name}"), numbers[n])
            .await;
        let story = Story {
            dialled: numbers[n],
            report: analysis("success", "positive", Some(12_000)),
            ..Story::new(name)
        };
        events.extend(story.events());
        events.push(story.report(
            "call.transcript",
            70,
            json!({ "part": 0, "items": [{ "id": "i1", "type": "message", "role": "user",
                "text": format!("This is {name} speaking") }] }),
        ));
        let id = format!("I-{}", name.to_uppercase());
        let terms = subscription(&id, name, "ACTIVE", start, start + TimeDelta::days(30));
        events.push(paypal(
            &format!("WH-{n}"),
            "BILLING.SUBSCRIPTION.ACTIVATED",
            start,
            terms,
        ));
        events.push(paypal(
            &format!("WH-S{n}"),
            "PAYMENT.SALE.COMPLETED",
            start,
            sale(&format!("S-{name}"), &id, start, "299.00", "USD"),
        ));
    }
    let nobodys = Story {
        dialled: "+14155550999",
        ..Story::new("nobody")
    };
    events.extend(nobodys.events());
    stage.tell(&events).await;
    (stage, people)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_shows_an_account_its_own_and_nothing_else() {
    let (stage, people) = two_accounts().await;
    let reader = stage.member(people[0].id, "reader").await;
    let calls = [
        people[0].ids("/api/calls").await,
        people[1].ids("/api/calls").await,
    ];
    assert_eq!((calls[0].len(), calls[1].len()), (1, 1));
    assert_ne!(calls[0], calls[1]);
    let period = "from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z";
    for (asker, own, other) in [(&people[0], 0, 1), (&people[1], 1, 0), (&reader, 0, 1)] {
        let (own, others) = (["ada", "bob"][own], ["ada", "bob"][other]);
        let (mine, theirs) = if own == "ada" {
            (&calls[0][0], &calls[1][0])
        } else {
            (&calls[1][0], &calls[0][0])
        };
        for path in [
            "/api/calls".to_owned(),
            "/api/calls?state=ended".to_owned(),
            "/api/calls?number=0100".to_owned(),
            "/api/calls?q=speaking".to_owned(),
            "/api/calls.csv".to_owned(),
            format!("/api/calls/{mine}"),
            format!("/api/calls/{mine}/events"),
            format!("/api/calls/{mine}?as_of=2026-12-01T00:00:00Z"),
            "/api/clients".to_owned(),
            "/api/subscriptions/current".to_owned(),
            "/api/invoices".to_owned(),
            format!("/api/stats?{period}"),
        ] {
            let answer = asker.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            let shown = answer.text.to_lowercase();
            assert!(!shown.contains(&others.to_lowercase()), "{path}: {shown}");
            assert!(!shown.contains(theirs), "{path}: {shown}");
        }
        assert_eq!(asker.ids("/api/invoices").await, [format!("S-{own}")]);
        for path in [
            format!("/api/calls/{theirs}"),
            format!("/api/calls/{theirs}/events"),
            format!("/api/calls/{theirs}?as_of=2026-12-01T00:00:00Z"),
        ] {
            assert_eq!(asker.get(&path).await.status, 404, "{path}");
        }
        let stats = asker.json(&format!("/api/stats?{period}")).await;
        assert_eq!(stats["totals"]["calls"], 1);
        assert_eq!(stats["totals"]["revenue"][0]["amount_minor"], 12_000);
        let half_hours = asker
            .json(&format!("/api/stats?{period}&tz=Asia/Kolkata"))
            .await;
        assert_eq!(half_hours["totals"]["calls"], 1);
    }
    assert_eq!(stage.ids("/api/calls").await, [""; 0], "a third account");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_cursors_of_another_account_open_nothing() {
    let (stage, [ada, bob]) = two_accounts().await;
    let client = bob.json("/api/clients").await["items"][0]["id"].clone();
    let client = client.as_str().unwrap();
    for path in [
        format!("/api/calls?client_id={client}"),
        format!("/api/calls?client_id={client}&state=ended"),
        "/api/invoices?subscription_id=I-BOB".to_owned(),
    ] {
        assert_eq!(ada.ids(&path).await, [""; 0], "{path}");
    }
    let stats = ada
        .json(&format!(
            "/api/stats?client_id={client}&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z"
        ))
        .await;
    assert_eq!(stats["totals"]["calls"], 0);
    // A second call below bob's first: the cursor of his page opens nothing of his to ada.
    let more = Story {
        dialled: "+14155550202",
        ..Story::new("bob2")
    };
    stage.tell(&more.events()).await;
    let page = bob.json("/api/calls?limit=1").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let below = ada.ids(&format!("/api/calls?cursor={cursor}")).await;
    let own = ada.ids("/api/calls").await;
    assert!(below.iter().all(|id| own.contains(id)), "{below:?}");
}

/// What the api's role sees in each table it may read, set to act for an account or for none.
async fn seen(stage: &Stage, account: Option<Uuid>) -> BTreeMap<String, i64> {
    let tables = "select format('%I.%I', n.nspname, c.relname) from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('calls', 'billing', 'ops', 'account') and c.relkind in ('r', 'p', 'v', 'm')
            and has_table_privilege('frontdesk_api', c.oid, 'select')";
    let tables = stage.client.query(tables, &[]).await.unwrap();
    let client = stage.database.client().await;
    client
        .batch_execute("begin; set local role frontdesk_api")
        .await
        .unwrap();
    if let Some(account) = account {
        let set =
            "select set_config('app.user_id', $1, true), set_config('app.person_id', $1, true)";
        client.execute(set, &[&account.to_string()]).await.unwrap();
    }
    let mut counts = BTreeMap::new();
    for row in tables {
        let table: String = row.get(0);
        let count = client
            .query_one(&format!("select count(*) from {table}"), &[])
            .await
            .unwrap_or_else(|error| panic!("{table}: {error:?}"));
        counts.insert(table, count.get(0));
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_set_nothing_is_seen() {
    let (stage, [ada, _]) = two_accounts().await;
    // Of the service, not of a tenant.
    let everybodys = ["account.plans", "calls.checkpoints", "billing.checkpoints"];
    for (table, rows) in seen(&stage, None).await {
        assert!(
            rows == 0 || everybodys.contains(&table.as_str()),
            "{table} shows {rows} rows to nobody"
        );
    }
    let of_stranger = seen(&stage, Some(Uuid::new_v4())).await;
    assert_eq!(of_stranger, seen(&stage, None).await);
    let of_ada = seen(&stage, Some(ada.id)).await;
    for table in [
        "calls.calls",
        "calls.turns",
        "calls.said",
        "calls.hourly",
        "calls.hourly_revenue",
        "billing.subscriptions",
        "billing.invoices",
        "billing.payments",
        "account.clients",
    ] {
        assert_eq!(of_ada[table], 1, "{table}");
    }
    for empty in ["", "null", "0", "' or true --"] {
        let client = stage.database.client().await;
        client
            .batch_execute("begin; set local role frontdesk_api")
            .await
            .unwrap();
        let set = "select set_config('app.user_id', $1, true)";
        client.execute(set, &[&empty]).await.unwrap();
        let count = client
            .query_one("select count(*) from calls.calls", &[])
            .await;
        let rows = count.map_or(0, |row| row.get::<_, i64>(0));
        assert_eq!(rows, 0, "{empty:?} is no account");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_names_nobody_is_its_subscriptions() {
    let (stage, [ada, bob]) = two_accounts().await;
    let time = clock::now() - TimeDelta::days(1);
    // Before its subscription is known, a sale without our key is nobody's.
    let orphan = sale("S-LATE", "I-LATE", time, "299.00", "USD");
    stage
        .tell(&[paypal("WH-L1", "PAYMENT.SALE.COMPLETED", time, orphan)])
        .await;
    for person in [&ada, &bob] {
        assert_eq!(person.ids("/api/invoices").await.len(), 1);
    }
    let terms = subscription("I-LATE", "bob", "ACTIVE", time, time + TimeDelta::days(30));
    stage
        .tell(&[paypal(
            "WH-L2",
            "BILLING.SUBSCRIPTION.ACTIVATED",
            time,
            terms,
        )])
        .await;
    assert_eq!(bob.ids("/api/invoices").await, ["S-LATE", "S-bob"]);
    assert_eq!(ada.ids("/api/invoices").await, ["S-ada"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_the_api_reads_is_without_its_rule() {
    let database = frontdesk_harness::database().await;
    let client = database.client().await;
    // The projector owns and writes the read models and copies rows into them, which PostgreSQL does
    // not do under a forced policy; the api is never their owner (docs/adr/0009).
    let sql = "select format('%I.%I', n.nspname, c.relname)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('account', 'calls', 'billing', 'ops')
            and c.relname <> 'plans'
            and (has_table_privilege('frontdesk_api', c.oid, 'select')
                or has_any_column_privilege('frontdesk_api', c.oid, 'select'))
            and case when c.relkind in ('r', 'p') then
                    not (c.relrowsecurity
                        and (c.relforcerowsecurity
                            or n.nspname in ('calls', 'billing')
                                and not pg_has_role('frontdesk_api', c.relowner, 'member'))
                        and exists (select from pg_policy p
                            where p.polrelid = c.oid and 'frontdesk_api'::regrole = any (p.polroles)))
                when c.relkind in ('v', 'm') then
                    not coalesce(c.reloptions @> array['security_invoker=true'], false)
                else false end";
    let without: Vec<String> = client
        .query(sql, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(without, [""; 0]);
    let sql = "select rolname::text from pg_roles where rolname like 'frontdesk\\_%' and (rolbypassrls or rolsuper)";
    assert!(client.query(sql, &[]).await.unwrap().is_empty());
    let sql = "select has_table_privilege('frontdesk_api', 'calls.event_index', 'select')
        or has_table_privilege('frontdesk_api', 'calls.room_session_states', 'select')
        or has_table_privilege('frontdesk_api', 'calls.transcript_states', 'select')
        or has_table_privilege('frontdesk_api', 'billing.subscription_states', 'select')";
    let reads: bool = client.query_one(sql, &[]).await.unwrap().get(0);
    assert!(!reads, "states and indexes name no account");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_another_account_later_stays_with_the_first() {
    let (stage, [ada, bob]) = two_accounts().await;
    let time = clock::now() - TimeDelta::days(1);
    let mut renewal = sale("S-MORE", "I-BOB", time, "299.00", "USD");
    renewal["custom"] = json!("bill_ada");
    let terms = subscription("I-BOB", "ada", "ACTIVE", time, time + TimeDelta::days(30));
    stage
        .tell(&[
            paypal("WH-M1", "PAYMENT.SALE.COMPLETED", time, renewal),
            paypal("WH-M2", "BILLING.SUBSCRIPTION.UPDATED", time, terms),
        ])
        .await;
    assert_eq!(bob.ids("/api/invoices").await, ["S-MORE", "S-bob"]);
    assert_eq!(ada.ids("/api/invoices").await, ["S-ada"]);
    let current = bob.json("/api/subscriptions/current").await;
    assert_eq!(current["subscription"]["id"], "I-BOB");
    let current = ada.json("/api/subscriptions/current").await;
    assert_eq!(current["subscription"]["id"], "I-ADA");
}
