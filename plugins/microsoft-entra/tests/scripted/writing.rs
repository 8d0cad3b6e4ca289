//! Fields that are set: what goes out, what comes back, and each refusal in words.

use estampe_plugin_microsoft_entra::MicrosoftEntra;
use estampe_plugin_sdk::http::{Outcome, Response};
use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Attribute, FailKind, Failure, Value, WriteBack};

use super::{Answers, BASE, host};

const ID: &str = "6f1e0f3a-0000-4000-8000-000000000009";

fn attribute(name: &str, texts: &[&str]) -> Attribute {
    Attribute { name: name.to_owned(), value: Value::Texts(texts.iter().map(|text| (*text).to_owned()).collect()) }
}

fn kept(at_home: &str) -> ScriptedHost {
    let path = format!("users/{ID}?$select=id,onPremisesSyncEnabled");
    host().answers(&path, 200, &format!(r#"{{"id":"{ID}","onPremisesSyncEnabled":{at_home}}}"#))
}

fn set(host: &ScriptedHost, changes: &[Attribute]) -> Result<Vec<Attribute>, Failure> {
    MicrosoftEntra::write_person(host, ID, changes)
}

#[test]
fn what_changes_goes_out_in_one_request_and_is_read_back() {
    let host = kept("null").with_answer("PATCH", &format!("{BASE}users/{ID}"), 204, "").answers(
        &format!("users/{ID}?$select=id,jobTitle,mobilePhone,businessPhones"),
        200,
        &format!(r#"{{"id":"{ID}","jobTitle":" Chief ","mobilePhone":null,"businessPhones":["+33 1"]}}"#),
    );
    let changes = [attribute("title", &["Chief"]), attribute("Mobile", &[]), attribute("telephoneNumber", &["+33 1"])];
    let back = set(&host, &changes).unwrap();
    assert_eq!(back, [attribute("title", &["Chief"]), attribute("telephoneNumber", &["+33 1"])]);
    let requests = host.requests();
    let patch = requests.iter().find(|request| request.method_name() == "PATCH").unwrap();
    let body = String::from_utf8(patch.body.clone().unwrap()).unwrap();
    assert_eq!(body, r#"{"businessPhones":["+33 1"],"jobTitle":"Chief","mobilePhone":null}"#);
    assert_eq!(patch.headers, [("content-type".to_owned(), "application/json".to_owned())]);
    assert_eq!(patch.credential.as_deref(), Some("secret"));
    assert!(host.unanswered().is_empty());
}

#[test]
fn what_is_there_is_read_by_its_standard_names() {
    let host = host().answers(
        &format!("users/{ID}?$select=id,city,companyName"),
        200,
        &format!(r#"{{"id":"{ID}","city":"Pau","companyName":null}}"#),
    );
    let read = MicrosoftEntra::read_person(&host, ID, &["l".to_owned(), "o".to_owned()]);
    assert_eq!(read, Ok(vec![attribute("l", &["Pau"])]));
}

#[test]
fn whoever_is_kept_at_home_is_not_written() {
    let failure = set(&kept("true"), &[attribute("title", &["Chief"])]).unwrap_err();
    assert_eq!(failure.kind, FailKind::Unsupported);
    assert!(failure.message.contains("Entra Connect"), "{failure:?}");
}

#[test]
fn other_fields_and_other_places_are_refused_before_anything_goes_out() {
    let host = host();
    for field in ["passwordProfile", "accountEnabled", "mail", "displayName", "jobTitle"] {
        let failure = set(&host, &[attribute(field, &["x"])]).unwrap_err();
        assert_eq!(failure.kind, FailKind::Unsupported, "{field}");
    }
    assert_eq!(set(&host, &[attribute("mobile", &["1", "2"])]).unwrap_err().kind, FailKind::Unsupported);
    for id in ["", "x", "6f1e0f3a-0000-4000-8000-000000000009/authentication", "me", "../groups"] {
        let failure = MicrosoftEntra::write_person(&host, id, &[attribute("title", &["x"])]).unwrap_err();
        assert_eq!(failure.kind, FailKind::NotFound, "{id}");
        let failure = MicrosoftEntra::read_person(&host, id, &["title".to_owned()]).unwrap_err();
        assert_eq!(failure.kind, FailKind::NotFound, "{id}");
    }
    assert_eq!(set(&host, &[]), Ok(Vec::new()));
    assert!(host.requests().is_empty());
}

#[test]
fn refusals_say_what_to_do_and_name_nobody() {
    let refused = |status: u16, field: &str, after: Option<&str>| {
        let body = r#"{"error":{"code":"Authorization_RequestDenied","message":"zoe@bank.example is privileged"}}"#;
        let mut response = Response::new(status, body);
        response.headers.extend(after.map(|after| ("retry-after".to_owned(), after.to_owned())));
        let host = kept("null").with_outcome("PATCH", &format!("{BASE}users/{ID}"), Ok(Outcome::Response(response)));
        let failure = set(&host, &[attribute(field, &["1"])]).unwrap_err();
        assert!(!failure.message.contains("zoe"), "{failure:?}");
        failure
    };
    let denied = refused(403, "title", None);
    assert!(denied.kind == FailKind::Denied && denied.message.contains("User.ReadWrite.All"), "{denied:?}");
    assert!(!denied.message.contains("telephone"), "{denied:?}");
    let phone = refused(403, "mobile", None);
    assert!(phone.message.contains("role of an administrator"), "{phone:?}");
    assert_eq!(refused(400, "title", None).kind, FailKind::Unsupported);
    assert_eq!(refused(404, "title", None).kind, FailKind::NotFound);
    assert_eq!(refused(401, "title", None).kind, FailKind::Auth);
    let busy = refused(429, "title", Some("7"));
    assert_eq!((busy.kind, busy.retry_after_ms), (FailKind::RateLimited, Some(7_000)));
    assert_eq!(refused(503, "title", None).kind, FailKind::Unavailable);
}
