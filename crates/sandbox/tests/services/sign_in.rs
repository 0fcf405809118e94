//! A browser on a provider's page, and the OAuth client's half of the way.

use crate::stand::Stand;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use std::{collections::HashMap, future::Future, pin::Pin};
use url::Url;

/// What came back to the product.
pub(crate) type Came = HashMap<String, String>;

/// Opens the provider's page and sends its form with these fields; where it leads.
pub(crate) async fn choose(stand: &Stand, page: &Url, fields: &[(&str, &str)]) -> Url {
    let answer = stand.client.get(page.clone()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("form-action 'self' http://localhost:18099;"),
        "{policy}"
    );
    let html = answer.text().await.unwrap();
    let mut form = hidden(&html);
    form.extend(
        fields
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned())),
    );
    let mut action = page.clone();
    action.set_query(None);
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&form)
        .finish();
    let sent = stand.client.post(action).body(body);
    let sent = sent.header("content-type", "application/x-www-form-urlencoded");
    let answer = sent.send().await.unwrap();
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
    answer.headers()["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// The hidden fields of a page's first form.
fn hidden(html: &str) -> Vec<(String, String)> {
    let form = html.split("</form>").next().unwrap();
    let fields = form.split("<input type=\"hidden\" name=\"").skip(1);
    fields
        .map(|field| {
            let (name, rest) = field.split_once("\" value=\"").unwrap();
            let value = rest.split('"').next().unwrap();
            (
                name.to_owned(),
                value
                    .replace("&quot;", "\"")
                    .replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&amp;", "&"),
            )
        })
        .collect()
}

pub(crate) fn came(back: &Url) -> Came {
    back.query_pairs().into_owned().collect()
}

/// The HTTP half of `oauth2`, by the client the tests have.
pub(crate) struct Http(pub(crate) reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.0.execute(request.try_into()?).await?;
            let mut response = http::Response::builder().status(answer.status());
            for (name, value) in answer.headers() {
                response = response.header(name, value);
            }
            Ok(response.body(answer.bytes().await?.to_vec()).unwrap())
        })
    }
}
