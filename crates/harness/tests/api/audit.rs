//! The record of acts: an owner's own, as pages and as a file that no spreadsheet runs.

use crate::{
    calls_csv::{begun, rest},
    person::Person,
    stage::Stage,
};
use reqwest::Method;
use serde_json::{Value, json};

/// Something that leaves a trace, from a browser that calls itself so.
async fn act(person: &Person, agent: &'static str) {
    let request = person
        .request(Method::POST, "/api/members/invitations")
        .header("user-agent", agent)
        .json(&json!({ "email": "grace@example.com", "role": "reader" }));
    assert_eq!(request.send().await.unwrap().status(), 201);
}

async fn entries(person: &Person, query: &str) -> Vec<Value> {
    let list = person.json(&format!("/api/audit{query}")).await;
    list["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_sees_what_was_done_in_the_own_account_alone() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.owner(), stage.person("other").await);
    act(owner, "One").await;
    act(&other, "Two").await;
    let seen = entries(owner, "").await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["act"], "member.invited");
    assert_eq!(
        seen[0]["actor"],
        json!({ "kind": "session", "id": owner.id, "name": "olivia" })
    );
    assert_eq!(
        seen[0]["account"],
        json!({ "id": owner.id, "name": "olivia" })
    );
    assert_eq!(seen[0]["user_agent"], "One");
    assert_eq!(seen[0]["address"], "127.0.0.1");
    assert_eq!(seen[0]["detail"], json!({ "role": "reader" }));
    assert_eq!(entries(&other, "").await[0]["user_agent"], "Two");
    let (file, of_other) = (
        owner.get("/api/audit.csv").await,
        other.get("/api/audit.csv").await,
    );
    assert!(file.text.contains("One") && !file.text.contains("Two"));
    assert!(of_other.text.contains("Two") && !of_other.text.contains("One"));
    for role in ["manager", "reader"] {
        let member = stage.member(owner.id, role).await;
        for path in ["/api/audit", "/api/audit.csv"] {
            assert_eq!(member.get(path).await.status, 403, "{role} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another_and_filters_narrow_them() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    for _ in 0..5 {
        act(owner, "One").await;
    }
    let id = owner.json("/api/members").await["invitations"][0]["id"].clone();
    let path = format!("/api/members/invitations/{}", id.as_str().unwrap());
    assert_eq!(owner.delete(&path).await.status, 204);
    let all = entries(owner, "").await;
    assert_eq!(all.len(), 6);
    let mut paged = Vec::new();
    let mut path = "/api/audit?limit=2".to_owned();
    loop {
        let page = owner.json(&path).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/audit?limit=2&cursor={cursor}");
    }
    assert_eq!(paged, all);
    assert_eq!(entries(owner, "?act=member.invited").await.len(), 5);
    assert_eq!(entries(owner, "?act=invitation").await.len(), 1);
    assert_eq!(
        entries(owner, "?act=member.inv").await.len(),
        0,
        "a word is whole"
    );
    let third = all[2]["at"].as_str().unwrap();
    let after = entries(owner, &format!("?from={third}")).await.len();
    let before = entries(owner, &format!("?to={third}")).await.len();
    assert_eq!(after + before, 6);
    for bad in [
        "act=a%25",
        "from=x",
        "to=2026-11-01",
        "limit=0",
        "limit=101",
        "cursor=x",
        "q=x",
        "act=a&act=b",
    ] {
        assert_eq!(
            owner.get(&format!("/api/audit?{bad}")).await.status,
            400,
            "{bad}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_holds_exactly_what_is_filtered_and_no_formula() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    act(owner, "=cmd|' /C calc'!A0").await;
    act(owner, "a;=1+1").await;
    act(owner, "\"quoted\", \"twice\"").await;
    let answer = owner.get("/api/audit.csv?act=member").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"audit.csv\""
    );
    let text = answer.text.strip_prefix('\u{feff}').unwrap();
    let mut file = csv::Reader::from_reader(text.as_bytes());
    let titles = file.headers().unwrap().clone();
    assert_eq!(
        titles.iter().take(3).collect::<Vec<_>>(),
        ["id", "at", "act"]
    );
    let place = titles
        .iter()
        .position(|title| title == "user_agent")
        .unwrap();
    let agents: Vec<String> = file
        .records()
        .map(|row| row.unwrap()[place].to_owned())
        .collect();
    assert_eq!(
        agents,
        ["\"quoted\", \"twice\"", "a;'=1+1", "'=cmd|' /C calc'!A0"]
    );
    let none = owner.get("/api/audit.csv?act=key").await;
    assert_eq!(none.text.lines().count(), 1, "the titles alone");
    assert_eq!(owner.get("/api/audit.csv?limit=5").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_record_is_one_file() {
    let stage = Stage::set().await;
    let fill = format!(
        "insert into account.audit (at, user_id, actor_kind, act)
         select now(), '{}', 'system', 'user.logged_in' from generate_series(1, 2500)",
        stage.owner().id
    );
    stage.client.batch_execute(&fill).await.unwrap();
    let file = stage.owner().get("/api/audit.csv").await;
    assert_eq!(file.text.lines().count(), 2501);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_cut_off_when_the_right_to_it_ends() {
    let stage = Stage::set().await;
    let (owner, admin) = (stage.sign_in(stage.owner().id).await, stage.admin().await);
    // Far longer than what sockets hold on the way.
    let fill = format!(
        "insert into account.audit (at, user_id, actor_kind, act, detail)
         select now(), '{}', 'system', 'user.logged_in', jsonb_build_object('words', repeat('so much was done ', 40))
         from generate_series(1, 60000)",
        owner.id
    );
    stage.client.batch_execute(&fill).await.unwrap();
    let own = begun(owner.request(Method::GET, "/api/audit.csv")).await;
    let all = begun(admin.request(Method::GET, "/api/admin/audit.csv")).await;
    let out = owner.send(Method::POST, "/api/auth/logout", None).await;
    assert_eq!(out.status, 204, "{}", out.text);
    let demoted = format!(
        "update account.users set role = 'owner' where id = '{}'",
        admin.id
    );
    assert_eq!(stage.execute(&demoted).await, 1);
    for (what, file) in [("signed out", own), ("no administrator any more", all)] {
        let (lines, is_cut_off) = rest(file).await;
        assert!(is_cut_off, "{what}: {lines} lines");
    }
}
