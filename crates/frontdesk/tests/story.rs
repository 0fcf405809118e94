//! The whole story through the API of the whole running product: strangers who come by e-mail, through
//! Google and through GitHub, what they do until they leave, and an administrator's tour. Nothing is
//! arranged behind the API's back: mails are read where they arrive, logins are pressed at the
//! provider, calls and payments come as signed webhooks, and the first administrator is made by the
//! operator's command.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test fails by panicking; json!(…) reads better without a reference"
)]

#[path = "story/administrator.rs"]
mod administrator;
#[path = "story/browser.rs"]
mod browser;
#[path = "story/colleague.rs"]
mod colleague;
#[path = "../../harness/tests/api/contract.rs"]
mod contract;
#[path = "story/leaving.rs"]
mod leaving;
#[path = "story/outside.rs"]
mod outside;
#[path = "product/running.rs"]
mod product;
#[path = "story/settings.rs"]
mod settings;
#[path = "story/stranger.rs"]
mod stranger;

use outside::World;
use stranger::{Business, Stranger};

#[tokio::test(flavor = "multi_thread")]
async fn strangers_become_customers_and_leave_and_an_administrator_sees_it_all() {
    let world = World::start().await;
    let mut wren = Stranger::by_mail(&world, "Wren").await;
    let mut gale = Stranger::through(&world, "google", "Gale").await;
    let mut hugo = Stranger::through(&world, "github", "Hugo").await;

    // Three at once, as life has it: what is told of one must not reach another.
    let (wrens, gales, hugos) = tokio::join!(
        Business::open(&world, &mut wren, "+12125550161"),
        Business::open(&world, &mut gale, "+12125550162"),
        Business::open(&world, &mut hugo, "+12125550163"),
    );
    for (stranger, own) in [
        (&mut wren, &wrens),
        (&mut gale, &gales),
        (&mut hugo, &hugos),
    ] {
        let calls = stranger.browser.json("/api/calls").await;
        assert_eq!(calls["items"].as_array().unwrap().len(), 1, "{calls}");
        assert_eq!(calls["items"][0]["id"], own.call.as_str());
        for other in [&wrens, &gales, &hugos] {
            let status = if other.call == own.call { 200 } else { 404 };
            for path in [
                format!("/api/calls/{}", other.call),
                format!("/api/clients/{}", other.client),
            ] {
                assert_eq!(stranger.browser.get(&path).await.status, status, "{path}");
            }
        }
    }

    colleague::works_beside(&world, &mut wren, &wrens).await;
    settings::are_changed(&mut wren, &wrens).await;
    leaving::takes_everything(&world, &mut wren, &wrens).await;
    leaving::goes_and_stays_and_goes(&world, &mut wren).await;
    administrator::takes_a_tour(&world, &wren, &mut gale, &mut hugo).await;
}
