//! Signing in through Google and GitHub, against a server that plays both and misbehaves.

use crate::{
    browser::{Browser, PASSWORD, count, facts},
    impostor::{Hand, Impostor, Manner, Mood, Somebody},
    person::Answer,
    stage::{SECRET, Stage},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use frontdesk_process::{clock, keyring::Keyring};
use futures::future::join_all;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) async fn set() -> (Stage, Impostor) {
    let impostor = Impostor::start().await;
    let settings = impostor.settings();
    let stage = Stage::set_with(|args| args.providers = settings).await;
    (stage, impostor)
}

pub(crate) fn somebody(name: &str) -> Somebody {
    Somebody {
        subject: name.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte)),
        email: format!("{}@example.com", name.to_lowercase()),
        name: name.to_owned(),
    }
}

/// Leaves for a provider; gives the page of it.
async fn leave(browser: &mut Browser, provider: &str) -> String {
    let left = browser.get(&format!("/api/auth/{provider}")).await;
    assert_eq!(left.status, 303, "{}", left.text);
    left.header("location").to_owned()
}

async fn come_back(browser: &mut Browser, provider: &str, query: &[(&str, &str)]) -> Answer {
    let url = Url::parse_with_params("http://a/", query).unwrap();
    let path = format!(
        "/api/auth/{provider}/callback?{}",
        url.query().unwrap_or_default()
    );
    let back = browser.get(&path).await;
    assert_eq!(back.status, 303, "{}", back.text);
    assert_eq!(back.header("cache-control"), "no-store");
    back
}

/// The whole way; gives where the browser ends.
pub(crate) async fn sign_in(
    browser: &mut Browser,
    impostor: &Impostor,
    provider: &str,
    person: &Somebody,
) -> String {
    let page = leave(browser, provider).await;
    let (code, state) = impostor.consent(&page, person);
    let back = come_back(browser, provider, &[("code", &code), ("state", &state)]).await;
    back.header("location").to_owned()
}

async fn name_of(browser: &mut Browser) -> Value {
    browser.get("/api/auth/me").await.json()["user"]["name"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_begins_at_the_address_that_providers_know() {
    let (stage, _impostor) = set().await;
    let begin = async |host: &str| {
        let request = stage.request(Method::GET, "/api/auth/google?return_to=%2Fcalls");
        let left = request.header("host", host).send().await.unwrap();
        assert_eq!(left.status(), 303, "{host}");
        left.headers()["location"].to_str().unwrap().to_owned()
    };
    let known = "http://localhost:8080/api/auth/google?return_to=%2Fcalls";
    for other in ["127.0.0.1:8080", "[::1]:8080"] {
        assert_eq!(begin(other).await, known);
    }
    // Of nobody else's host is believed that it is ours.
    for host in ["localhost:8080", "localhost:9999", "evil.example:8080"] {
        let there = begin(host).await;
        assert!(there.contains("/authorize?"), "{host}: {there}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_an_account_and_is_known_again() {
    let (stage, impostor) = set().await;
    for provider in ["google", "github"] {
        let mut person = somebody(&format!("Ada{provider}"));
        let mut browser = stage.browser();
        assert_eq!(
            sign_in(&mut browser, &impostor, provider, &person).await,
            "/"
        );
        let me = browser.get("/api/auth/me").await.json();
        assert_eq!(me["user"]["name"], person.name.as_str());
        assert_eq!(me["user"]["email"], person.email.as_str());
        assert_eq!(me["session"]["method"], provider);
        assert_eq!(
            (&me["has_password"], &me["second_factor"]),
            (&json!(false), &json!(false))
        );
        assert_eq!(
            browser.cookies.len(),
            1,
            "only the session stays: {:?}",
            browser.cookies
        );
        // Their name and address there change; the subject is who they are.
        person.email = format!("another-{}", person.email);
        person.name = "Somebody else".into();
        let mut phone = stage.browser();
        assert_eq!(sign_in(&mut phone, &impostor, provider, &person).await, "/");
        let again = phone.get("/api/auth/me").await.json();
        assert_eq!(again["user"]["id"], me["user"]["id"]);
        assert_eq!(again["user"]["email"], me["user"]["email"]);
        let linked = phone.get("/api/auth/identities").await.json();
        assert_eq!(linked["items"][0]["email"], person.email.as_str());
        assert!(linked["items"][0]["used_at"].is_string());
    }
    let told = facts(&stage).await;
    let told = |kind: &str| told.iter().filter(|told| *told == kind).count();
    assert_eq!(told("dev.frontdesk.user.signed_up.v1"), 2);
    assert_eq!(told("dev.frontdesk.user.signed_in.v1"), 2);
    assert_eq!(
        count(&stage, "account.audit where act = 'user.signed_up'").await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_believed_in_the_browser_and_the_log_in_it_belongs_to() {
    let (stage, impostor) = set().await;
    let person = somebody("Ada");
    let mut browser = stage.browser();
    let page = leave(&mut browser, "google").await;
    let (code, state) = impostor.consent(&page, &person);
    let mut other = stage.browser();
    let foreign = leave(&mut other, "google").await;
    let (_, foreign_state) = impostor.consent(&foreign, &person);
    let mut at_github = stage.browser();
    let github = leave(&mut at_github, "github").await;
    let (_, github_state) = impostor.consent(&github, &person);
    let note = |ends_at: i64| {
        let sealed = Keyring::new(SECRET).unwrap().seal(
            "note login",
            Uuid::nil(),
            json!({ "ends_at": ends_at, "note": {
                "provider": "google", "state": state, "nonce": "n", "verifier": "v".repeat(43),
                "return_to": "/", "link": null,
            } })
            .to_string()
            .as_bytes(),
        );
        stage
            .browser()
            .with_cookie("login", &URL_SAFE_NO_PAD.encode(sealed))
    };
    let own = browser.cookies["login"].clone();
    let changed = format!(
        "{}{}",
        &own[..own.len() - 1],
        if own.ends_with('A') { "B" } else { "A" }
    );
    for (what, mut browser, provider, state) in [
        (
            "another state",
            browser.clone(),
            "google",
            foreign_state.as_str(),
        ),
        ("no state", browser.clone(), "google", ""),
        ("another browser", other, "google", state.as_str()),
        (
            "no browser of ours",
            stage.browser(),
            "google",
            state.as_str(),
        ),
        (
            "another provider",
            at_github.clone(),
            "google",
            github_state.as_str(),
        ),
        (
            "another provider's place",
            browser.clone(),
            "github",
            state.as_str(),
        ),
        (
            "over",
            note(clock::now().timestamp()),
            "google",
            state.as_str(),
        ),
        (
            "changed",
            stage.browser().with_cookie("login", &changed),
            "google",
            state.as_str(),
        ),
        (
            "nothing sealed",
            stage.browser().with_cookie("login", "AAAA"),
            "google",
            state.as_str(),
        ),
    ] {
        let query = [("code", code.as_str()), ("state", state)];
        let back = come_back(&mut browser, provider, &query).await;
        assert_eq!(
            back.header("location"),
            "/sign-in?problem=state-mismatch",
            "{what}"
        );
        assert_eq!(browser.me().await, None, "{what}");
        assert!(
            !browser.cookies.contains_key("login"),
            "{what}: the log-in is over"
        );
    }
    // What says to be of another issuer is (RFC 9207).
    for issuer in ["https://accounts.google.com", "", "nonsense"] {
        let query = [("code", code.as_str()), ("state", &state), ("iss", issuer)];
        let back = come_back(&mut browser.clone(), "google", &query).await;
        assert_eq!(
            back.header("location"),
            "/sign-in?problem=state-mismatch",
            "{issuer}"
        );
        let query = [
            ("code", code.as_str()),
            ("state", &github_state),
            ("iss", issuer),
        ];
        let back = come_back(&mut at_github.clone(), "github", &query).await;
        assert_eq!(
            back.header("location"),
            "/sign-in?problem=state-mismatch",
            "{issuer}"
        );
    }
    let twice = format!("/api/auth/google/callback?code={code}&state={state}&state={state}");
    let back = browser.clone().get(&twice).await;
    assert_eq!(back.header("location"), "/sign-in?problem=state-mismatch");
    assert_eq!(impostor.asked(), 0, "no code was passed on");
    // A note that is not over is read: what was refused above was refused for its age.
    let mut sealed = note(clock::now().timestamp() + 60);
    let back = come_back(&mut sealed, "google", &[("code", "x"), ("state", &state)]).await;
    assert_eq!(back.header("location"), "/sign-in?problem=provider-failed");
    let issuer = impostor.issuer();
    let query = [
        ("code", code.as_str()),
        ("state", &state),
        ("iss", &issuer),
        ("scope", "email"),
    ];
    assert_eq!(
        come_back(&mut browser, "google", &query)
            .await
            .header("location"),
        "/"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_always_says_who_it_is_must_say_so() {
    let (stage, impostor) = set().await;
    let promised = (
        "authorization_response_iss_parameter_supported",
        json!(true),
    );
    impostor.behave(Manner {
        published: vec![promised],
        ..Manner::default()
    });
    let person = somebody("Ada");
    let place = sign_in(&mut stage.browser(), &impostor, "google", &person).await;
    assert_eq!(place, "/sign-in?problem=provider-failed");
    let mut browser = stage.browser();
    let page = leave(&mut browser, "google").await;
    let (code, state) = impostor.consent(&page, &person);
    let issuer = impostor.issuer();
    let query = [("code", code.as_str()), ("state", &state), ("iss", &issuer)];
    assert_eq!(
        come_back(&mut browser, "google", &query)
            .await
            .header("location"),
        "/"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_and_for_who_asked_for_it() {
    let (stage, impostor) = set().await;
    let mut browser = stage.browser();
    let page = leave(&mut browser, "github").await;
    let (code, state) = impostor.consent(&page, &somebody("Ada"));
    let mut copy = browser.clone();
    let query = [("code", code.as_str()), ("state", state.as_str())];
    assert_eq!(
        come_back(&mut browser, "github", &query)
            .await
            .header("location"),
        "/"
    );
    let replayed = come_back(&mut copy, "github", &query).await;
    assert_eq!(
        replayed.header("location"),
        "/sign-in?problem=provider-failed"
    );
    assert_eq!(copy.me().await, None);
    // Mallory's code, brought in Ada's log-in: she would be signed in as Mallory.
    let mut victim = stage.browser();
    let own = leave(&mut victim, "google").await;
    let (_, state) = impostor.consent(&own, &somebody("Ada"));
    let mallory = leave(&mut stage.browser(), "google").await;
    let (code, _) = impostor.consent(&mallory, &somebody("Mallory"));
    let query = [("code", code.as_str()), ("state", state.as_str())];
    let injected = come_back(&mut victim, "google", &query).await;
    assert_eq!(
        injected.header("location"),
        "/sign-in?problem=provider-failed"
    );
    assert_eq!(victim.me().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_account_is_where_its_browser_is() {
    let (stage, impostor) = set().await;
    for (name, query, zone, locale) in [
        (
            "Ada",
            "?time_zone=America%2FNew_York&locale=de-DE",
            "America/New_York",
            "de-DE",
        ),
        ("Bob", "", "UTC", "en-US"),
        // A browser that says nonsense keeps nobody out.
        (
            "Eve",
            "?time_zone=Mars%2FOlympus&locale=%F0%9F%98%80",
            "UTC",
            "en-US",
        ),
    ] {
        let mut browser = stage.browser();
        let page = leave(&mut browser, &format!("github{query}")).await;
        let (code, state) = impostor.consent(&page, &somebody(name));
        let answer = [("code", code.as_str()), ("state", state.as_str())];
        let back = come_back(&mut browser, "github", &answer).await;
        assert_eq!(back.header("location"), "/");
        let me = browser.get("/api/auth/me").await.json();
        assert_eq!(me["user"]["time_zone"], zone);
        assert_eq!(me["user"]["locale"], locale);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_as_one() {
    let (stage, impostor) = set().await;
    let mut browser = stage.browser();
    let page = browser
        .get("/api/auth/google?return_to=%2Fcalls%3Fstatus%3Danswered")
        .await;
    let page = page.header("location").to_owned();
    let (_, state) = impostor.consent(&page, &somebody("Ada"));
    for (query, end) in [
        (
            vec![("error", "access_denied"), ("state", state.as_str())],
            "provider-denied",
        ),
        (
            vec![("error", "server_error"), ("state", state.as_str())],
            "provider-failed",
        ),
        (vec![("state", state.as_str())], "provider-failed"),
        (
            vec![
                ("code", "x"),
                ("error", "access_denied"),
                ("state", state.as_str()),
            ],
            "provider-denied",
        ),
    ] {
        let back = come_back(&mut browser.clone(), "google", &query).await;
        let expected = format!("/sign-in?problem={end}&return_to=%2Fcalls%3Fstatus%3Danswered");
        assert_eq!(back.header("location"), expected);
    }
    let long = "x".repeat(513);
    let query = [("code", long.as_str()), ("state", state.as_str())];
    let back = come_back(&mut browser.clone(), "google", &query).await;
    assert!(back.header("location").starts_with("/sign-in?problem="));
    assert_eq!(impostor.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_misbehaves_lets_nobody_in() {
    let (stage, impostor) = set().await;
    for provider in ["google", "github"] {
        for (mood, end) in [
            (Mood::Broken, "provider-unavailable"),
            (Mood::Endless, "provider-failed"),
            (Mood::Elsewhere, "provider-unavailable"),
            (Mood::Chatty, "provider-unavailable"),
        ] {
            impostor.behave(Manner {
                mood,
                ..Manner::default()
            });
            let mut browser = stage.browser();
            let end = format!("/sign-in?problem={end}");
            let place = sign_in(&mut browser, &impostor, provider, &somebody("Ada")).await;
            assert_eq!(place, end, "{provider} {mood:?}");
            assert_eq!(browser.me().await, None);
        }
    }
    assert_eq!(impostor.followed(), 0, "no redirect is followed");
    impostor.behave(Manner {
        mood: Mood::Wordless,
        ..Manner::default()
    });
    let place = sign_in(&mut stage.browser(), &impostor, "google", &somebody("Ada")).await;
    assert_eq!(place, "/sign-in?problem=provider-failed");
    let before = clock::monotonic();
    impostor.behave(Manner {
        mood: Mood::Silent,
        ..Manner::default()
    });
    let place = sign_in(&mut stage.browser(), &impostor, "github", &somebody("Ada")).await;
    assert_eq!(place, "/sign-in?problem=provider-unavailable");
    let waited = before.elapsed().as_secs();
    assert!((7..15).contains(&waited), "waited {waited} s");
    assert_eq!(count(&stage, "account.identities").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_is_believed_from_its_issuer_for_us_now_and_for_this_log_in() {
    let (stage, impostor) = set().await;
    let now = clock::now().timestamp();
    let honest = Manner::default();
    let claims = |changes: &[(&'static str, Value)]| Manner {
        claims: changes.to_vec(),
        ..Manner::default()
    };
    let hand = |hand| Manner {
        hand,
        ..Manner::default()
    };
    for manner in [
        hand(Hand::Foreign),
        hand(Hand::Unknown),
        hand(Hand::None),
        hand(Hand::Shared),
        claims(&[("iss", json!("https://accounts.google.com"))]),
        claims(&[("iss", Value::Null)]),
        claims(&[("aud", json!("another-client"))]),
        claims(&[
            ("aud", json!([crate::impostor::CLIENT, "another"])),
            ("azp", Value::Null),
        ]),
        claims(&[("azp", json!("another-client"))]),
        claims(&[("aud", Value::Null)]),
        claims(&[("exp", json!(now - 120))]),
        claims(&[("exp", Value::Null)]),
        claims(&[("nonce", Value::Null)]),
        claims(&[("nonce", json!("another"))]),
        claims(&[("sub", Value::Null)]),
        claims(&[("sub", json!(""))]),
    ] {
        impostor.behave(manner.clone());
        let mut browser = stage.browser();
        let place = sign_in(&mut browser, &impostor, "google", &somebody("Ada")).await;
        assert_eq!(place, "/sign-in?problem=provider-failed", "{manner:?}");
        assert_eq!(browser.me().await, None, "{manner:?}");
    }
    impostor.behave(honest);
    assert_eq!(
        sign_in(&mut stage.browser(), &impostor, "google", &somebody("Ada")).await,
        "/"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_publishes_somebody_elses_addresses_is_not_used() {
    for (name, value) in [
        ("issuer", "https://accounts.google.com"),
        ("token_endpoint", "http://tokens.example.com/token"),
        ("jwks_uri", "file:///etc/passwd"),
        ("authorization_endpoint", "javascript:alert(1)"),
    ] {
        let (stage, impostor) = set().await;
        impostor.behave(Manner {
            published: vec![(name, json!(value))],
            ..Manner::default()
        });
        let left = stage.browser().get("/api/auth/google").await;
        assert_eq!(
            left.header("location"),
            "/sign-in?problem=provider-failed",
            "{name}"
        );
        assert_eq!(left.header("set-cookie"), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_address_that_the_provider_vouches_for_makes_an_account() {
    let (stage, impostor) = set().await;
    for claims in [
        vec![("email_verified", json!(false))],
        vec![("email_verified", Value::Null)],
        vec![("email", Value::Null)],
        vec![("email", json!("not an address"))],
    ] {
        impostor.behave(Manner {
            claims,
            ..Manner::default()
        });
        let place = sign_in(&mut stage.browser(), &impostor, "google", &somebody("Ada")).await;
        assert_eq!(place, "/sign-in?problem=email-unverified");
    }
    for emails in [
        json!([]),
        json!([{ "email": "ada@example.com", "primary": true, "verified": false }]),
        json!([{ "email": "ada@example.com", "primary": false, "verified": true }]),
    ] {
        impostor.behave(Manner {
            emails: Some(emails),
            ..Manner::default()
        });
        let place = sign_in(&mut stage.browser(), &impostor, "github", &somebody("Ada")).await;
        assert_eq!(place, "/sign-in?problem=email-unverified");
    }
    // Who is known already signs in, whatever their address became.
    impostor.behave(Manner::default());
    let mut browser = stage.browser();
    assert_eq!(
        sign_in(&mut browser, &impostor, "google", &somebody("Ada")).await,
        "/"
    );
    impostor.behave(Manner {
        claims: vec![("email_verified", json!(false))],
        ..Manner::default()
    });
    assert_eq!(
        sign_in(&mut browser, &impostor, "google", &somebody("Ada")).await,
        "/"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_has_an_account_is_merged_with_nothing() {
    let (stage, impostor) = set().await;
    let mut ada = stage.browser();
    ada.sign_up(&stage, "ada").await;
    for provider in ["google", "github"] {
        let mut browser = stage.browser();
        let place = sign_in(&mut browser, &impostor, provider, &somebody("Ada")).await;
        assert_eq!(place, "/sign-in?problem=address-known");
        assert_eq!(browser.me().await, None);
    }
    assert_eq!(
        ada.get("/api/auth/identities").await.json()["items"],
        json!([])
    );
    // Whoever wrote Bob's address into the form before him has nothing of his.
    let mut attacker = stage.browser();
    let asked = attacker
        .post("/api/auth/signup", crate::browser::wanted("bob"))
        .await;
    assert_eq!(asked.status, 202);
    let mut bob = stage.browser();
    assert_eq!(
        sign_in(&mut bob, &impostor, "google", &somebody("Bob")).await,
        "/"
    );
    let token = crate::browser::mailed(&stage, "dev.frontdesk.signup.requested.v1").await;
    let late = attacker
        .post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    assert_eq!(late.status, 410);
    assert_eq!(attacker.log_in("bob", PASSWORD).await.status, 401);
    assert_eq!(name_of(&mut bob).await, "Bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_arrives_many_times_at_once_gets_one_account() {
    let (stage, impostor) = set().await;
    let person = somebody("Ada");
    let arrivals = (0..6).map(|_| async {
        let mut browser = stage.browser();
        let place = sign_in(&mut browser, &impostor, "github", &person).await;
        (place, browser.me().await)
    });
    let arrived = join_all(arrivals).await;
    let first = arrived[0].clone();
    assert!(first.0 == "/" && first.1.is_some());
    assert!(
        arrived.iter().all(|arrival| *arrival == first),
        "{arrived:?}"
    );
    assert_eq!(count(&stage, "account.users where name = 'Ada'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_person_is_told_and_a_deleted_one_is_a_stranger() {
    let (stage, impostor) = set().await;
    let person = somebody("Ada");
    assert_eq!(
        sign_in(&mut stage.browser(), &impostor, "google", &person).await,
        "/"
    );
    stage
        .execute("update account.users set suspended_at = now() where name = 'Ada'")
        .await;
    let mut browser = stage.browser();
    let place = sign_in(&mut browser, &impostor, "google", &person).await;
    assert_eq!(place, "/sign-in?problem=suspended");
    assert_eq!(browser.me().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_step_is_asked_for_behind_a_provider_too() {
    let (stage, impostor) = set().await;
    let person = somebody("Ada");
    let mut browser = stage.browser();
    sign_in(&mut browser, &impostor, "google", &person).await;
    let (app, codes) = crate::auth_totp::turn_on(&mut browser).await;
    let mut phone = stage.browser();
    let left = phone.get("/api/auth/google?return_to=/calls").await;
    let (code, state) = impostor.consent(left.header("location"), &person);
    let back = come_back(&mut phone, "google", &[("code", &code), ("state", &state)]).await;
    assert_eq!(
        back.header("location"),
        "/sign-in?step=code&return_to=%2Fcalls"
    );
    assert_eq!(phone.me().await, None, "the first step signs nobody in");
    let step = json!({ "code": app.code(0) });
    assert_eq!(
        stage
            .browser()
            .post("/api/auth/login/code", step.clone())
            .await
            .status,
        401
    );
    let tampered = format!("{}AAAA", phone.cookies["step"]);
    let mut other = stage.browser().with_cookie("step", &tampered);
    assert_eq!(
        other
            .post("/api/auth/login/code", step.clone())
            .await
            .status,
        401
    );
    for wrong in ["000000", "", "abcd-efgh-ijkl-mnop"] {
        let refused = phone
            .post("/api/auth/login/code", json!({ "code": wrong }))
            .await;
        assert_eq!(refused.status, 401, "{wrong}");
    }
    let mut copy = phone.clone();
    let done = phone.post("/api/auth/login/code", step.clone()).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(done.json()["session"]["method"], "google");
    assert!(!phone.cookies.contains_key("step"));
    assert!(phone.me().await.is_some());
    // The note is worth nothing without another code; one of another's log-in does not do.
    assert_eq!(copy.post("/api/auth/login/code", step).await.status, 401);
    let mut guess = 0;
    let refused = loop {
        guess += 1;
        let answer = copy
            .post(
                "/api/auth/login/code",
                json!({ "code": format!("{guess:06}") }),
            )
            .await;
        if answer.status == 429 || guess == 20 {
            break answer.status;
        }
    };
    assert_eq!(refused, 429, "guesses are slowed down");
    stage.execute("delete from account.login_failures").await;
    assert_eq!(
        copy.post("/api/auth/login/code", json!({ "code": codes[0] }))
            .await
            .status,
        200
    );
    // Unlinked meanwhile: the first step was taken with a login that is nobody's now.
    let mut late = stage.browser();
    sign_in(&mut late, &impostor, "google", &person).await;
    stage.execute("delete from account.identities").await;
    let over = late
        .post("/api/auth/login/code", json!({ "code": codes[1] }))
        .await;
    assert_eq!(over.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_step_is_asked_for_when_it_is_turned_on_meanwhile() {
    let (stage, impostor) = set().await;
    let person = somebody("Ada");
    let mut browser = stage.browser();
    sign_in(&mut browser, &impostor, "google", &person).await;
    let offer = browser.send(Method::POST, "/api/auth/totp", None).await;
    assert_eq!(offer.status, 200);
    let mut phone = stage.browser();
    let arriving = sign_in(&mut phone, &impostor, "google", &person);
    let landed = crate::auth_totp::turned_on_meanwhile(&stage, arriving).await;
    assert_eq!(landed, "/sign-in?step=code");
    assert_eq!(phone.me().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_leads_to_a_page_of_ours() {
    let (stage, impostor) = set().await;
    let mut browser = stage.browser();
    let left = browser
        .get("/api/auth/github?return_to=%2Fclients%2Fnew%3Fa%3Db")
        .await;
    let cookie = left.header("set-cookie");
    for part in [
        "login=",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Path=/",
        "; Max-Age=600",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(left.header("cache-control"), "no-store");
    assert_eq!(left.header("referrer-policy"), "no-referrer");
    let (code, state) = impostor.consent(left.header("location"), &somebody("Ada"));
    assert!(!cookie.contains(&state), "the note is sealed");
    let back = come_back(
        &mut browser,
        "github",
        &[("code", &code), ("state", &state)],
    )
    .await;
    assert_eq!(back.header("location"), "/clients/new?a=b");
    for elsewhere in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "%2F%09%2Fevil.example",
        "evil.example",
        "%2Fapi%2Fauth%2Flogout",
        "%2F..%2F%2Fevil.example",
    ] {
        let refused = browser
            .get(&format!("/api/auth/github?return_to={elsewhere}"))
            .await;
        assert_eq!(refused.status, 400, "{elsewhere}");
        assert_eq!(refused.header("location"), "");
    }
    for path in [
        "/api/auth/gitlab",
        "/api/auth/gitlab/callback",
        "/api/auth/Google",
    ] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    let offer = browser.get("/api/auth/offer").await.json();
    assert_eq!(offer["providers"], json!(["google", "github"]));
    let bare = Stage::set().await;
    assert_eq!(bare.browser().get("/api/auth/google").await.status, 404);
    assert_eq!(
        bare.browser().get("/api/auth/offer").await.json()["providers"],
        json!([])
    );
}

/// Links a login to whoever is signed in; gives where the browser ends.
async fn link(
    browser: &mut Browser,
    impostor: &Impostor,
    provider: &str,
    person: &Somebody,
) -> String {
    let away = begin_link(browser, provider).await;
    let (code, state) = impostor.consent(&away, person);
    let back = come_back(browser, provider, &[("code", &code), ("state", &state)]).await;
    back.header("location").to_owned()
}

async fn begin_link(browser: &mut Browser, provider: &str) -> String {
    let path = format!("/api/auth/identities/{provider}/link");
    let away = browser.send(Method::POST, &path, None).await;
    assert_eq!(away.status, 200, "{}", away.text);
    away.json()["location"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_linked_used_and_unlinked() {
    let (stage, impostor) = set().await;
    let mut ada = stage.browser();
    let id = ada.sign_up(&stage, "ada").await;
    // The address there may be another one; whose it is was proven by both.
    let person = somebody("Countess");
    assert_eq!(
        link(&mut ada, &impostor, "google", &person).await,
        "/settings/security?linked=google"
    );
    let mut phone = stage.browser();
    assert_eq!(sign_in(&mut phone, &impostor, "google", &person).await, "/");
    assert_eq!(phone.me().await, Some(id.to_string()));
    let again = ada
        .send(Method::POST, "/api/auth/identities/google/link", None)
        .await;
    assert_eq!(again.status, 409);
    assert!(again.text.contains("already-linked"));
    let mut bob = stage.browser();
    bob.sign_up(&stage, "bob").await;
    let taken = link(&mut bob, &impostor, "google", &person).await;
    assert_eq!(taken, "/settings/security?problem=identity-taken");
    assert_eq!(ada.delete("/api/auth/identities/google").await.status, 204);
    assert_eq!(ada.delete("/api/auth/identities/google").await.status, 404);
    assert_eq!(ada.delete("/api/auth/identities/gitlab").await.status, 404);
    assert_eq!(
        link(&mut bob, &impostor, "google", &person).await,
        "/settings/security?linked=google"
    );
    let told = facts(&stage).await;
    for kind in ["linked", "unlinked"] {
        assert!(
            told.contains(&format!("dev.frontdesk.user.identity_{kind}.v1")),
            "{kind}"
        );
        assert!(
            count(
                &stage,
                &format!("account.audit where act = 'identity.{kind}'")
            )
            .await
                > 0
        );
    }
    stage
        .execute("update account.sessions set proven_at = proven_at - interval '16 minutes'")
        .await;
    for answer in [
        ada.send(Method::POST, "/api/auth/identities/github/link", None)
            .await,
        bob.delete("/api/auth/identities/google").await,
    ] {
        assert_eq!(answer.status, 403);
        assert!(answer.text.contains("proof-needed"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_linked_to_the_session_that_began_and_to_no_other() {
    let (stage, impostor) = set().await;
    let mut mallory = stage.browser();
    mallory.sign_up(&stage, "mallory").await;
    let mut ada = stage.browser();
    ada.sign_up(&stage, "ada").await;
    // Mallory begins, and has Ada's browser end it: with her note planted, and her own login.
    let away = begin_link(&mut mallory, "google").await;
    let (code, state) = impostor.consent(&away, &somebody("Mallory"));
    let query = [("code", code.as_str()), ("state", state.as_str())];
    let mut tricked = ada.clone().with_cookie("login", &mallory.cookies["login"]);
    let back = come_back(&mut tricked, "google", &query).await;
    assert_eq!(
        back.header("location"),
        "/settings/security?problem=signed-out"
    );
    // Or ends it where nobody is signed in, or where she is no more.
    for is_out in [true, false] {
        let mut browser = mallory.clone();
        let away = begin_link(&mut browser, "google").await;
        let (code, state) = impostor.consent(&away, &somebody("Mallory"));
        if is_out {
            browser.cookies.remove("session");
        } else {
            stage.execute("delete from account.sessions where user_id in (select id from account.users where name = 'mallory')").await;
        }
        let back = come_back(
            &mut browser,
            "google",
            &[("code", &code), ("state", &state)],
        )
        .await;
        assert_eq!(
            back.header("location"),
            "/settings/security?problem=signed-out"
        );
    }
    assert_eq!(count(&stage, "account.identities").await, 0);
    // A note of a log-in links nothing, though somebody is signed in.
    let page = leave(&mut ada, "google").await;
    let (code, state) = impostor.consent(&page, &somebody("Countess"));
    come_back(&mut ada, "google", &[("code", &code), ("state", &state)]).await;
    assert_eq!(
        name_of(&mut ada).await,
        "Countess",
        "it was a log-in, and it is hers"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_way_in_stays() {
    let (stage, impostor) = set().await;
    let mut browser = stage.browser();
    sign_in(&mut browser, &impostor, "google", &somebody("Ada")).await;
    let last = browser.delete("/api/auth/identities/google").await;
    assert_eq!(last.status, 409);
    assert!(last.text.contains("last-login"));
    assert_eq!(
        link(&mut browser, &impostor, "github", &somebody("Ada")).await,
        "/settings/security?linked=github"
    );
    // Both at once: one stays.
    let (mut one, mut other) = (browser.clone(), browser.clone());
    let (one, other) = tokio::join!(
        one.delete("/api/auth/identities/google"),
        other.delete("/api/auth/identities/github"),
    );
    let mut ends = [one.status, other.status];
    ends.sort_unstable();
    assert_eq!(ends, [204, 409]);
    assert_eq!(count(&stage, "account.identities").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_may_have_asked_nobody_proves_nothing_to_who_has_a_password() {
    let (stage, impostor) = set().await;
    let mut ada = stage.browser();
    ada.sign_up(&stage, "ada").await;
    let person = somebody("Countess");
    link(&mut ada, &impostor, "google", &person).await;
    let mut phone = stage.browser();
    sign_in(&mut phone, &impostor, "google", &person).await;
    let key = json!({ "name": "Till", "scopes": ["agent"] });
    let refused = phone.post("/api/keys", key.clone()).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("proof-needed"), "{}", refused.text);
    let proof = json!({ "password": crate::browser::PASSWORD });
    assert_eq!(phone.post("/api/auth/prove", proof).await.status, 204);
    assert_eq!(phone.post("/api/keys", key.clone()).await.status, 201);
    // Who has nothing else to show is believed.
    let mut other = stage.browser();
    sign_in(&mut other, &impostor, "google", &somebody("Bob")).await;
    assert_eq!(other.post("/api/keys", key).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn unlinking_a_login_signs_out_everywhere_else() {
    let (stage, impostor) = set().await;
    let mut ada = stage.browser();
    ada.sign_up(&stage, "ada").await;
    let person = somebody("Countess");
    link(&mut ada, &impostor, "google", &person).await;
    let mut phone = stage.browser();
    sign_in(&mut phone, &impostor, "google", &person).await;
    assert!(phone.me().await.is_some());
    assert_eq!(ada.delete("/api/auth/identities/google").await.status, 204);
    assert_eq!(phone.me().await, None);
    assert!(ada.me().await.is_some());
}
