//! Logging in: waits that no stranger can cause, cookies that no script reads, and no word about who
//! has an account.

use crate::{
    browser::{Browser, PASSWORD, address, count},
    person::read,
    stage::Stage,
};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

/// A hash of [`PASSWORD`] with the least argon2 takes, as an earlier build might have made it.
const CHEAP: &str = "$argon2id$v=19$m=64,t=1,p=1$YW4gaW52ZW50ZWQgc2FsdA$yJ8PK2qhTzGNEetuEH5Uq8K+1jhpsueobVb7EF3Kcuo";

/// A stage that believes what this machine says about addresses.
async fn behind_a_proxy() -> Stage {
    Stage::set_with(|args| args.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await
}

async fn signed_in_facts(stage: &Stage) -> Vec<bool> {
    let sql = "select (data->>'is_new_device')::boolean from account.outbox
               where kind = 'dev.frontdesk.user.signed_in.v1' order by id";
    let rows = stage.client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_opens_a_session_of_this_browser() {
    let stage = Stage::set().await;
    let id = stage.browser().sign_up(&stage, "ada").await;
    let mut browser = stage.browser();
    let answer = browser.log_in("ada", PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let me = answer.json();
    assert_eq!(me["user"]["id"], id.to_string());
    assert_eq!(me["session"]["method"], "password");
    assert_eq!(me["accounts"].as_array().unwrap().len(), 1);
    let cookie = answer.header("set-cookie");
    for part in [
        "session=",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Path=/",
        "; Max-Age=604800",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure") && !cookie.contains("__Host-"),
        "{cookie}"
    );
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(browser.me().await, Some(id.to_string()));
    // However the letters of the address are written.
    let shouted = json!({ "email": " ADA@Example.COM ", "password": PASSWORD });
    assert_eq!(browser.post("/api/auth/login", shouted).await.status, 200);
    // The token is random and kept as a hash alone.
    let token = &browser.cookies["session"];
    assert!(token.len() == 43);
    let sql = format!("account.sessions s where s::text like '%{token}%'");
    assert_eq!(count(&stage, &sql).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_the_cookie_is_of_this_host_and_https_alone() {
    let stage =
        Stage::set_with(|args| args.public_url = "https://localhost:8443".parse().unwrap()).await;
    let mut browser = stage.browser();
    let asked = browser
        .post("/api/auth/signup", crate::browser::wanted("ada"))
        .await;
    let token = crate::browser::mailed(&stage, "dev.frontdesk.signup.requested.v1").await;
    let made = browser
        .post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    for (answer, name) in [(&asked, "__Host-signup="), (&made, "__Host-session=")] {
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with(name), "{cookie}");
        for part in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
    }
    // A cookie without the prefix, which any neighbour could set, is nobody's.
    let mut weak = browser.clone();
    let token = weak.cookies.remove("__Host-session").unwrap();
    assert_eq!(weak.with_cookie("session", &token).me().await, None);
    assert!(browser.me().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_planted_before_the_log_in_is_worth_nothing_after_it() {
    let stage = Stage::set().await;
    let id = stage.browser().sign_up(&stage, "ada").await;
    let mut attacker = stage.browser();
    attacker.sign_up(&stage, "mallory").await;
    let planted = attacker.cookies["session"].clone();
    for planted in [planted.as_str(), "chosen-by-somebody-else"] {
        let mut browser = stage.browser().with_cookie("session", planted);
        assert_eq!(browser.log_in("ada", PASSWORD).await.status, 200);
        assert_ne!(browser.cookies["session"], planted);
        assert_eq!(browser.me().await, Some(id.to_string()));
        assert_eq!(
            stage.browser().with_cookie("session", planted).me().await,
            None
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_cannot_log_somebody_in() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    let body = json!({ "email": address("ada"), "password": PASSWORD });
    for (name, value, status) in [
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("origin", "http://localhost:8081", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "none", 403),
        ("origin", "http://localhost:8080", 200),
        ("sec-fetch-site", "same-origin", 200),
    ] {
        let request = stage
            .request(Method::POST, "/api/auth/login")
            .header(name, value);
        let answer = read(request.json(&body).send().await.unwrap()).await;
        assert_eq!(answer.status, status, "{name}: {value}");
        assert_eq!(
            answer.header("set-cookie").is_empty(),
            status == 403,
            "{name}: {value}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_make_wait_longer_and_longer_and_a_success_forgets_them() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    for name in ["ada", "nobody"] {
        let mut browser = stage.browser();
        for _ in 0..5 {
            assert_eq!(browser.log_in(name, "not the password").await.status, 401);
        }
        for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            let begun = "account.login_failures where wait_until - last_at = interval '1 second'";
            assert_eq!(
                count(&stage, &format!("{begun} * {wait}")).await,
                1,
                "{name}"
            );
            stage.lengthen_waits().await;
            let waiting = browser.log_in(name, PASSWORD).await;
            assert_eq!(waiting.status, 429, "{name}");
            let told: u32 = waiting.header("retry-after").parse().unwrap();
            // A minute of it may be over.
            assert!(
                (3540 + wait..=3600 + wait).contains(&told),
                "{name}: {told}"
            );
            stage.end_waits().await;
            assert_eq!(browser.log_in(name, "not the password").await.status, 401);
        }
    }
    stage.end_waits().await;
    let mut browser = stage.browser();
    assert_eq!(browser.log_in("ada", PASSWORD).await.status, 200);
    for _ in 0..5 {
        assert_eq!(browser.log_in("ada", "not the password").await.status, 401);
    }
    // A day later they are forgotten too.
    stage.execute("update account.login_failures set last_at = now() - interval '25 h', wait_until = now()").await;
    for _ in 0..5 {
        assert_eq!(
            browser.log_in("nobody", "not the password").await.status,
            401
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_elsewhere_makes_nobody_wait() {
    let stage = behind_a_proxy().await;
    stage
        .browser()
        .from("198.51.100.7")
        .sign_up(&stage, "ada")
        .await;
    let mut stranger = stage.browser().from("203.0.113.9");
    for _ in 0..5 {
        assert_eq!(stranger.log_in("ada", "not the password").await.status, 401);
    }
    assert_eq!(stage.lengthen_waits().await, 1);
    let mut neighbour = stage.browser().from("203.0.113.200");
    assert_eq!(
        neighbour.log_in("ada", PASSWORD).await.status,
        429,
        "of the same range"
    );
    let mut owner = stage.browser().from("198.51.100.7");
    assert_eq!(owner.log_in("ada", PASSWORD).await.status, 200);
    // The owner's success takes nothing back from the stranger.
    assert_eq!(stranger.log_in("ada", PASSWORD).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_at_once_are_counted_one_by_one() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    let hashes = stage.api().password_hashes();
    let tries = (0..30).map(|_| {
        let mut browser = stage.browser();
        async move { browser.log_in("ada", "not the password").await.status }
    });
    let statuses = join_all(tries).await;
    let tried = statuses.iter().filter(|status| **status == 401).count();
    assert_eq!(tried, 5, "{statuses:?}");
    assert!(statuses.iter().all(|status| [401, 429].contains(status)));
    assert_eq!(stage.api().password_hashes() - hashes, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_range_cannot_try_many_addresses() {
    let stage = behind_a_proxy().await;
    // How many are tried until one is refused: another may be every three seconds.
    let tried = async |from: &dyn Fn(u8) -> String| {
        for number in 0..200 {
            let mut browser = stage.browser().from(&from(number));
            let person = format!("person{number}");
            let answer = browser.log_in(&person, "summer of 2026").await;
            if answer.status == 429 {
                assert!(["1", "2", "3"].contains(&answer.header("retry-after")));
                return number;
            }
            assert_eq!(answer.status, 401);
        }
        panic!("200 addresses were tried");
    };
    assert!(tried(&|number| format!("203.0.113.{number}")).await >= 30);
    // What is behind the proxy cannot say that it is this machine.
    assert!(tried(&|number| format!("127.0.0.1, 203.0.113.{number}")).await < 30);
    let mut elsewhere = stage.browser().from("2001:db8::1");
    assert_eq!(
        elsewhere.log_in("person", "summer of 2026").await.status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn suspension_is_told_to_who_knows_the_password() {
    let stage = Stage::set().await;
    let mut signed_in = stage.browser();
    signed_in.sign_up(&stage, "ada").await;
    stage
        .execute("update account.users set suspended_at = now() where email = 'ada@example.com'")
        .await;
    let mut browser = stage.browser();
    assert_eq!(browser.log_in("ada", "not the password").await.status, 401);
    let told = browser.log_in("ada", PASSWORD).await;
    assert_eq!(told.status, 403);
    assert_eq!(told.json()["type"], "urn:frontdesk:problem:suspended");
    assert!(browser.cookies.is_empty());
    assert_eq!(
        signed_in.get("/api/auth/me").await.status,
        403,
        "also who was signed in"
    );
    stage.execute("update account.users set suspended_at = null, deleted_at = now() where email = 'ada@example.com'").await;
    assert_eq!(browser.log_in("ada", PASSWORD).await.status, 401, "gone");
    assert_eq!(signed_in.get("/api/auth/me").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_hash_is_made_anew() {
    let stage = Stage::set().await;
    let id = stage.browser().sign_up(&stage, "ada").await;
    let set = format!("update account.passwords set hash = '{CHEAP}' where user_id = '{id}'");
    stage.execute(&set).await;
    let hash = async || -> String {
        let sql = "select hash from account.passwords where user_id = $1";
        stage.client.query_one(sql, &[&id]).await.unwrap().get(0)
    };
    let mut browser = stage.browser();
    assert_eq!(browser.log_in("ada", "not the password").await.status, 401);
    assert_eq!(hash().await, CHEAP, "only for the right password");
    assert_eq!(browser.log_in("ada", PASSWORD).await.status, 200);
    let fresh = hash().await;
    assert!(
        fresh.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{fresh}"
    );
    assert_eq!(browser.log_in("ada", PASSWORD).await.status, 200);
    assert_eq!(hash().await, fresh, "once is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_is_one_whose_name_was_not_seen() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    stage.browser().log_in("ada", PASSWORD).await;
    let other = || stage.browser().called("Another browser");
    other().log_in("ada", PASSWORD).await;
    other().log_in("ada", "not the password").await;
    other().log_in("ada", PASSWORD).await;
    stage
        .browser()
        .called("Not\u{e9}")
        .log_in("ada", PASSWORD)
        .await;
    assert_eq!(signed_in_facts(&stage).await, [false, true, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn log_ins_are_on_record_without_what_was_typed() {
    let stage = Stage::set().await;
    let id = stage.browser().sign_up(&stage, "ada").await;
    let mut browser = stage.browser();
    browser.log_in("ada", "not the password").await;
    browser.log_in("nobody", "not the password").await;
    browser.log_in("ada", PASSWORD).await;
    let sql =
        "select act, user_id is not distinct from $1, actor_kind from account.audit order by id";
    let rows = stage.client.query(sql, &[&id]).await.unwrap();
    let acts: Vec<(String, bool, String)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    let expected = [
        ("user.signed_up", true, "session"),
        // Of what is nobody's there is no row: a stranger could write as many as they like.
        ("user.login_failed", true, "stranger"),
        ("user.logged_in", true, "session"),
    ];
    assert_eq!(acts.len(), expected.len(), "{acts:?}");
    for (act, expected) in acts.iter().zip(expected) {
        assert_eq!((act.0.as_str(), act.1, act.2.as_str()), expected);
    }
    let leaked =
        "account.audit a where a::text like '%not the password%' or a::text like '%@example.com%'";
    assert_eq!(count(&stage, leaked).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_credentials_are_named_by_field_or_not_at_all() {
    let stage = Stage::set().await;
    let long = "x".repeat(129);
    for (body, field) in [
        (json!({ "email": "ada", "password": PASSWORD }), "email"),
        (
            json!({ "email": address("ada"), "password": "" }),
            "password",
        ),
        (
            json!({ "email": address("ada"), "password": long }),
            "password",
        ),
        (json!({ "email": address("ada") }), "password"),
        (
            json!({ "email": address("ada"), "password": PASSWORD, "code": long }),
            "code",
        ),
        (
            json!({ "email": address("ada"), "password": PASSWORD, "remember": true }),
            "remember",
        ),
        (
            json!({ "email": { "$ne": "" }, "password": PASSWORD }),
            "email",
        ),
    ] {
        let answer = stage.browser().post("/api/auth/login", body.clone()).await;
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{body}");
    }
    let odd = json!({ "email": address("ada"), "password": "nul\u{0}\u{202e}🦷" });
    assert_eq!(
        stage.browser().post("/api/auth/login", odd).await.status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_asks_too_often_is_told_when_to_come_back() {
    let stage = behind_a_proxy().await;
    let (one, other) = (stage.person("hasty").await, stage.person("patient").await);
    let of = |cookie: &str, number: usize| {
        let token = cookie.strip_prefix("session=").unwrap();
        let browser = stage.browser().with_cookie("session", token);
        // From wherever: it is the person who is counted.
        browser.from(&format!("203.0.{}.1", number % 100))
    };
    let mut refused = None;
    for round in 0..200usize {
        let ask = |number: usize| {
            let mut browser = of(&one.cookie, round * 20 + number);
            async move { browser.get("/api/auth/me").await }
        };
        let asked = join_all((0..20).map(ask)).await;
        refused = asked.into_iter().find(|answer| answer.status == 429);
        if refused.is_some() {
            break;
        }
    }
    let refused = refused.expect("nobody may ask hundreds of times a second");
    assert_eq!(refused.header("retry-after"), "1");
    let mut patient = of(&other.cookie, 1);
    assert_eq!(
        patient.get("/api/auth/me").await.status,
        200,
        "it is one person's limit"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_asks_for_everything_is_slowed_before_anybody_is_looked_up() {
    let stage = behind_a_proxy().await;
    let flood = async |browser: Browser| {
        for _ in 0..400 {
            let asked = (0..40).map(|_| browser.request(Method::GET, "/api/auth/me").send());
            let asked = join_all(asked).await;
            if asked
                .into_iter()
                .any(|answer| answer.unwrap().status() == 429)
            {
                return true;
            }
        }
        false
    };
    assert!(flood(stage.browser().from("203.0.113.9")).await);
    let mut other = stage.browser().from("198.51.100.1");
    assert_eq!(other.get("/api/auth/me").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_the_line_full_has_failed_at_nothing() {
    let stage = Stage::set().await;
    let tries = (0..300).map(|number| {
        let mut browser = stage.browser();
        async move {
            let name = format!("person{number}");
            browser.log_in(&name, "not the password").await.status
        }
    });
    let statuses = join_all(tries).await;
    let of = |status| statuses.iter().filter(|given| **given == status).count();
    assert!(of(503) > 0, "the line was never full: {statuses:?}");
    assert_eq!(of(401) + of(503), 300, "{statuses:?}");
    // Each is counted by its range and from afar.
    let counted = count(&stage, "account.login_failures").await;
    assert_eq!(counted, 2 * i64::try_from(of(401)).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_ranges_have_a_hundred_guesses_at_an_account_and_its_owner_is_not_kept_out() {
    let stage = behind_a_proxy().await;
    let mut owner = stage.browser().from("198.51.100.7");
    owner.sign_up(&stage, "ada").await;
    for name in ["ada", "nobody"] {
        let mut number = 0;
        let mut guess = async || {
            number += 1;
            let mut guesser = stage.browser().from(&format!("203.0.{number}.9"));
            guesser.log_in(name, "not the password").await
        };
        for _ in 0..3 {
            assert_eq!(guess().await.status, 401, "{name}");
        }
        // The one count that is of all ranges.
        let most = "update account.login_failures set failures = 99 where failures = 3";
        assert_eq!(stage.execute(most).await, 1, "{name}");
        assert_eq!(guess().await.status, 401, "{name}");
        let over = guess().await;
        assert_eq!(over.status, 429, "{name}");
        assert!(over.header("retry-after").parse::<u32>().unwrap() > 3600);
    }
    let mut right = stage.browser().from("203.0.250.9");
    assert_eq!(right.log_in("ada", PASSWORD).await.status, 429);
    assert_eq!(owner.log_in("ada", "not the password").await.status, 401);
    assert_eq!(owner.log_in("ada", PASSWORD).await.status, 200);
    assert_eq!(
        right.log_in("ada", PASSWORD).await.status,
        429,
        "their success takes nothing back from strangers"
    );
    // A day later there are another hundred.
    stage
        .execute("update account.login_failures set last_at = now() - interval '25 h'")
        .await;
    assert_eq!(right.log_in("ada", PASSWORD).await.status, 200);
    // And from there they signed in before.
    stage
        .execute("update account.login_failures set failures = 1000, last_at = now()")
        .await;
    assert_eq!(right.log_in("ada", PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_subnets_of_one_site_are_counted_together() {
    let stage = behind_a_proxy().await;
    stage
        .browser()
        .from("198.51.100.7")
        .sign_up(&stage, "ada")
        .await;
    let guess = async |subnet: u8| {
        let mut guesser = stage.browser().from(&format!("2001:db8:7:{subnet:x}::1"));
        guesser.log_in("ada", "not the password").await.status
    };
    for subnet in 0..20 {
        assert_eq!(guess(subnet).await, 401, "{subnet}");
    }
    assert_eq!(
        stage.lengthen_waits().await,
        1,
        "the site's, and no subnet's"
    );
    assert_eq!(guess(20).await, 429);
    let mut elsewhere = stage.browser().from("2001:db8:8::1");
    assert_eq!(elsewhere.log_in("ada", PASSWORD).await.status, 200);
}
