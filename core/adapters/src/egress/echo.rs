//! Some services show back what they were sent. What a plugin must not see is looked for in
//! every answer: as it was sent, and as a query, a form or JSON would write it. Who means to
//! hand a secret on can always disguise it; this is against accidents and careless services.

use estampe_domain::credential::Secret;
use estampe_domain::egress::HttpResponse;
use estampe_domain::plugin::{FailKind, PluginFailure};
use memchr::memmem;

/// Shorter secrets stand in any text by chance.
const SHORTEST: usize = 8;

/// `denied` when a secret stands in the answer.
pub fn check(origin: &str, answer: &HttpResponse, secrets: &[Secret]) -> Result<(), PluginFailure> {
    for form in secrets.iter().filter(|secret| secret.reveal().len() >= SHORTEST).flat_map(forms) {
        let finder = memmem::Finder::new(form.reveal());
        let in_header = answer
            .headers
            .iter()
            .any(|(name, value)| [name, value].iter().any(|t| finder.find(t.as_bytes()).is_some()));
        if in_header || finder.find(&answer.body).is_some() {
            let message = format!(
                "the answer of {origin} was withheld: it shows the credential that the request carried; \
                 a plugin must not see it"
            );
            return Err(PluginFailure::new(FailKind::Denied, message));
        }
    }
    Ok(())
}

fn forms(secret: &Secret) -> Vec<Secret> {
    let plain = secret.reveal();
    let encoded: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
    let json = serde_json::to_string(plain).unwrap_or_default().trim_matches('"').to_owned();
    let slashes = json.replace('/', "\\/");
    let mut forms = vec![plain.to_owned(), encoded, json, slashes];
    forms.sort_unstable();
    forms.dedup();
    forms.into_iter().filter(|form| form.len() >= SHORTEST).map(Secret::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_the_forms_it_may_take() {
        let secrets = [Secret::new("p4ss/w\"rd+1="), Secret::new("short")];
        for (header, body, found) in [
            ("", "nothing", false),
            ("", "a short one", false),
            ("", "x p4ss/w\"rd+1= x", true),
            ("", "x=p4ss%2Fw%22rd%2B1%3D&", true),
            ("", "{\"x\":\"p4ss/w\\\"rd+1=\"}", true),
            ("", "{\"x\":\"p4ss\\/w\\\"rd+1=\"}", true),
            ("Basic p4ss/w\"rd+1=", "", true),
        ] {
            let headers = vec![("x-echo".to_owned(), header.to_owned())];
            let answer = HttpResponse { status: 200, headers, body: body.into(), certificate_until: None };
            let outcome = check("https://a.example", &answer, &secrets);
            assert_eq!(outcome.is_err(), found, "{header:?} {body:?}");
            if let Err(failure) = outcome {
                assert!(failure.kind == FailKind::Denied && !failure.message.contains("p4ss"), "{failure}");
            }
        }
    }
}
