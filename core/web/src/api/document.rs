//! The document of the API: OpenAPI 3.1, made of the code that answers. The copy in
//! docs/api/openapi.json is held to it by a test; `cargo xtask docs` writes it.

use actix_web::HttpRequest;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::{accounts, caller, give_back, groups, health, leads, me, people, plugins, problem, runs, sources, tokens};
use crate::respond::{Reply, kept};
use crate::visit::Visit;

#[derive(OpenApi)]
#[openapi(
    info(title = "Estampe", version = "1",
        description = "What programs ask of Estampe: people, leads, sources and runs, plugins, accounts. \
            Errors are problem+json (RFC 9457) with stable codes; lists go on by `cursor`; edits need \
            `If-Match`; what is posted is done once where it carries an `Idempotency-Key`."),
    servers((url = "/api/v1")),
    paths(show, me::show, me::signature, people::list, people::show, people::change, people::photo, give_back::give_back, leads::list, leads::show,
        groups::list, groups::show, sources::list, sources::show, runs::start, runs::list, runs::show,
        runs::approve, runs::discard, plugins::list, plugins::show, accounts::list, accounts::add, accounts::show,
        accounts::change, health::show, health::checkup, tokens::list, tokens::make, tokens::revoke),
    components(schemas(problem::Problem)),
    modifiers(&Common),
)]
struct Document;

/// What every operation may answer beside its own.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut token = Http::new(HttpAuthScheme::Bearer);
        token.bearer_format = Some("estp_[0-9a-v]{60}".to_owned());
        token.description = Some("A personal token or one of a service.".to_owned());
        document
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("token", SecurityScheme::Http(token));
        for item in document.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete]
                .into_iter()
                .filter_map(Option::as_mut);
            operations.for_each(common);
        }
    }
}

fn common(operation: &mut Operation) {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let has = |place: &ParameterIn, name: &str| {
        parameters.iter().any(|one| one.parameter_in == *place && (name.is_empty() || one.name == name))
    };
    let (reads_body, is_secured) = (operation.request_body.is_some(), operation.security.is_some());
    let keyed = has(&ParameterIn::Header, "Idempotency-Key");
    let all = [
        // of whatever is asked
        ("400", true, "The request cannot be read: its `Host`, or its body."),
        ("414", true, "The address is longer than what is accepted."),
        ("415", true, "The body is no `application/json`, or it is compressed."),
        ("421", true, "This host is not served here."),
        ("422", is_secured, "Parts of what was sent cannot be used: `errors` says which."),
        ("431", true, "The head of the request is larger than what is accepted."),
        ("500", true, "Something broke on our side."),
        ("503", is_secured, "A part of the system does not answer now."),
        ("507", is_secured, "There is no room left to store anything."),
        // by token
        ("401", is_secured, "No token, or one that is not good."),
        ("403", is_secured, "The token's scopes, or the roles of its account, do not allow this."),
        ("406", is_secured, "There is no answer in a format that `Accept` takes."),
        ("429", is_secured, "Too many requests: `Retry-After` says when to come again."),
        // by what is asked
        ("404", has(&ParameterIn::Path, ""), "There is no such thing, or none that the token may know of."),
        ("408", reads_body, "The body came too slowly."),
        ("409", keyed, "It contradicts what is there, or is under way."),
        ("412", has(&ParameterIn::Header, "If-Match"), "It is not what `If-Match` says any more."),
        ("413", reads_body, "The body is larger than 64 KiB."),
        ("428", has(&ParameterIn::Header, "If-Match"), "`If-Match` is missing."),
    ];
    for (status, applies, words) in all {
        if applies && !operation.responses.responses.contains_key(status) {
            operation.responses.responses.insert(status.to_owned(), RefOr::T(response(words)));
        }
    }
}

fn response(words: &str) -> Response {
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(words).content("application/problem+json", problem).build()
}

/// The document as it is served and kept.
pub(crate) fn text() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&Document::openapi())?;
    text.push('\n');
    Ok(text)
}

/// This document
///
/// Needs no token.
#[utoipa::path(get, path = "/openapi.json", tag = "document", operation_id = "get_document",
    params(("If-None-Match" = Option<String>, Header, description = "The tag of what is known already.")),
    responses((status = 200, body = serde_json::Value, content_type = "application/json", description = "OpenAPI 3.1."),
        (status = 304, description = "It is what is known already.")))]
pub(crate) async fn show(visit: Visit, request: HttpRequest) -> Reply {
    let text = text().map_err(|error| estampe_domain::Error::Internal(format!("openapi: {error}")));
    Ok(kept(&request, caller::JSON, visit.ok(text)?.into_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The name by which `cargo xtask docs` asks for the file to be written.
    const WRITE: &str = "ESTAMPE_WRITE_OPENAPI";

    #[test]
    fn the_kept_document_is_what_the_code_says() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api/openapi.json");
        let text = text().unwrap();
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap();
        assert!(kept == text, "docs/api/openapi.json is not what the code says: run `cargo xtask docs`");
        assert!(text.starts_with("{\n  \"openapi\": \"3.1."), "{}", &text[..40]);
    }

    #[test]
    fn every_route_is_in_the_document_and_nothing_else() {
        let document = serde_json::to_value(Document::openapi()).unwrap();
        let mut said = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            said.extend(
                item.as_object().unwrap().keys().map(|method| format!("{} /api/v1{path}", method.to_uppercase())),
            );
        }
        let routes = super::super::routes().list();
        let there = routes.iter().filter(|route| route.method != "HEAD");
        let there: BTreeSet<_> = there.map(|route| format!("{} {}", route.method, route.pattern)).collect();
        assert_eq!(said, there);
    }

    #[test]
    fn everything_but_the_document_asks_for_a_token() {
        let document = serde_json::to_value(Document::openapi()).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let scopes = operation["security"][0]["token"].as_array();
                assert_eq!(scopes.is_some(), path != "/openapi.json", "{method} {path}");
                for scope in scopes.into_iter().flatten() {
                    let known = estampe_domain::token::TokenScope::from_stored(scope.as_str().unwrap());
                    assert!(known.is_some(), "{method} {path}: {scope}");
                }
            }
        }
    }
}
