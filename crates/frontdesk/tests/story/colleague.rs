//! A colleague: invited by mail, sees what the owner sees, and changes nothing.

use crate::{
    outside::World,
    stranger::{Business, Stranger, address},
};
use reqwest::Method;
use serde_json::json;

pub(crate) async fn works_beside(world: &World, owner: &mut Stranger, business: &Business) {
    let email = address("Cole");
    let invited = json!({ "email": email, "role": "reader" });
    let invitations = "/api/members/invitations";
    owner.browser.post(invitations, invited).await.being(201);
    let token = json!({ "token": world.token(&email, "/invitation").await });
    let mut nobody = world.browser();
    let shown = nobody.post("/api/invitations/show", token.clone()).await;
    assert_eq!(shown.being(200)["account_name"], owner.name.as_str());

    let mut cole = Stranger::by_mail(world, "Cole").await;
    let call = format!("/api/calls/{}", business.call);
    assert_eq!(cole.browser.get(&call).await.status, 404, "not yet");
    let accepted = cole.browser.post("/api/invitations/accept", token.clone());
    let me = accepted.await.being(200);
    assert_eq!(me["account"]["id"], owner.id.as_str());
    assert_eq!(me["account"]["role"], "reader");
    let again = cole.browser.post("/api/invitations/accept", token).await;
    assert_eq!(again.problem(409), "already-used");

    assert_eq!(
        cole.browser.json(&call).await["call"]["id"],
        business.call.as_str()
    );
    let listed = cole.browser.json("/api/calls").await;
    assert_eq!(listed["items"][0]["id"], business.call.as_str());
    for path in [
        format!("/api/clients/{}", business.client),
        format!(
            "/api/clients/{}/numbers/{}",
            business.client,
            business.number.replace('+', "%2B")
        ),
    ] {
        let refused = cole.browser.delete(&path).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text);
    }
    let leave = json!({ "email": owner.email });
    let refused = cole
        .browser
        .send(Method::DELETE, "/api/users/account", Some(leave));
    assert_eq!(
        refused.await.status,
        422,
        "one leaves with one's own address"
    );
    let client = format!("/api/clients/{}", business.client);
    assert_eq!(
        owner.browser.json(&client).await["numbers"],
        json!([business.number])
    );

    let members = owner.browser.json("/api/members").await;
    assert_eq!(members["members"][1]["email"], email.as_str());
    assert_eq!(members["invitations"], json!([]));
    // Back in their own account there is nothing of it.
    let own = json!({ "account_id": cole.id });
    cole.browser.post("/api/auth/account", own).await.being(200);
    assert_eq!(cole.browser.get(&call).await.status, 404);
}
