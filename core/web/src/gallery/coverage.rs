//! Every page that a listener answers with has a sample in the gallery, and every sample
//! is of some page.

use std::collections::BTreeSet;

use estampe_domain::Locale;

use super::pages;
use crate::headers::Surface;
use crate::routes::routes;

/// Addresses that people look at, and what their samples' names begin with.
const PAGES: &[(&str, &[&str])] = &[
    ("/c/{public_id:[^/.]+}", &["card"]),
    ("/c/{public_id:[^/.]+}/qr", &["qr"]),
    ("/c/{public_id:[^/.]+}/exchange", &["exchange", "kept", "late", "gone", "sent"]),
    ("/ca", &["ca"]),
    ("/first-run", &["first-run"]),
    ("/sign-in", &["sign-in"]),
    ("/sign-in/second", &["second"]),
    ("/sign-in/with/{provider}", &["sign-in-directory", "sign-in-away"]),
    ("/forgotten", &["forgotten"]),
    ("/confirm", &["confirm"]),
    ("/account", &["own"]),
    ("/account/app", &["factor-app", "recovery-codes"]),
    ("/account/passkey", &["factor-passkey"]),
    ("/account/sign-in", &["own-ways"]),
    ("/tokens", &["tokens"]),
    ("/tokens/services", &["tokens"]),
    ("/approvals", &["approvals"]),
    ("/accounts/providers", &["providers"]),
    ("/accounts/providers/new", &["provider"]),
    ("/accounts/providers/{provider}", &["provider"]),
    ("/welcome", &["welcome"]),
    ("/", &["home", "nothing"]),
    ("/people", &["people"]),
    ("/people/bulk/{id}", &["bulk-moves", "bulk-done", "bulk-undo", "bulk-undone"]),
    ("/people/{id}", &["person"]),
    ("/people/{id}/edit", &["person-edit", "person-own-edit"]),
    ("/people/{id}/signature", &["signature"]),
    ("/signatures", &["signatures"]),
    ("/signatures/designs/new", &["design-new"]),
    ("/signatures/designs/{design}", &["design"]),
    ("/signatures/pictures", &["pictures"]),
    ("/signatures/rules/new", &["rule-new"]),
    ("/signatures/rules/{rule}", &["rule"]),
    ("/signatures/publications", &["publications"]),
    ("/signatures/publications/{publication}", &["publication"]),
    ("/signatures/publications/{publication}/lines/{line}", &["publication-line"]),
    ("/outlook/pane", &["outlook-pane"]),
    ("/outlook/connect", &["outlook-connect"]),
    ("/changes", &["changes"]),
    ("/sources", &["sources"]),
    ("/sources/new", &["source-new"]),
    ("/sources/{name}", &["source"]),
    ("/sources/{name}/groups", &["groups"]),
    ("/sources/{name}/settings", &["source-settings"]),
    ("/sources/{name}/disconnect", &["source-end"]),
    ("/sources/{name}/permissions", &["permissions"]),
    ("/sources/{name}/fields", &["source-fields"]),
    ("/sources/{name}/mapping", &["mapping"]),
    ("/endings/{id}", &["ending"]),
    ("/plugins", &["plugins"]),
    ("/plugins/{id}", &["plugin"]),
    ("/runs/{id}", &["run"]),
    ("/accounts", &["accounts"]),
    ("/accounts/new", &["account-new"]),
    ("/accounts/{id}", &["account"]),
    ("/cards", &["cards"]),
    ("/leads", &["leads"]),
    ("/leads/export", &["leads-export"]),
    ("/leads/{id}", &["lead"]),
    ("/outbox", &["outbox"]),
    ("/teams", &["teams"]),
    ("/settings", &["settings"]),
    ("/styleguide", &["styleguide"]),
];

/// Addresses that give something else than a page, or lead to one.
const OTHERS: &[&str] = &[
    // leads to the page
    "/c/{public_id:[^/.]+}/",
    "/c/{public_id:[^/.]+}.vcf",
    "/c/{public_id:[^/.]+}/photo.jpg",
    "/c/{public_id:[^/.]+}/qr.svg",
    "/c/{public_id:[^/.]+}/qr.png",
    "/c/{public_id:[^/.]+}/leads",
    "/i/{file}",
    "/ca.pem",
    "/.well-known/security.txt",
    "/static/{hash}/{name}",
    "/language/{tag}",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/leads/{id}/contact.vcf",
    "/people/{id}/photo.jpg",
    "/people/{id}/signature/preview",
    "/people/{id}/signature/mail",
    "/signatures/designs/{design}/mail",
    "/people/{id}/signature.htm",
    "/people/{id}/signature.txt",
    "/signatures/pictures/{picture}",
    "/signatures/pictures/{picture}/remove",
    "/signatures/designs/{design}/preview",
    "/signatures/designs/{design}/remove",
    "/signatures/rules/{rule}/move",
    "/signatures/rules/{rule}/remove",
    "/signatures/publications/{publication}/apply",
    "/signatures/publications/{publication}/pause",
    "/signatures/publications/{publication}/resume",
    "/signatures/publications/{publication}/stop",
    "/signatures/publications/{publication}/lines/{line}/preview",
    // for Outlook, and a page without anything to see
    "/outlook/manifest.xml",
    "/outlook/runtime.html",
    "/outlook/runtime.js",
    "/outlook/{picture:icon-[0-9]+[.]png}",
    // the question before it is an answer to the list's form
    "/people/bulk",
    "/people/bulk/{id}/undo",
    "/people/{id}/settle",
    "/people/{id}/give-back",
    "/changes/{change}/agree",
    "/changes/{change}/again",
    "/changes/{change}/end",
    "/sources/{name}/sync",
    "/sources/{name}/plan",
    "/sources/{name}/check",
    "/sources/{name}/compare",
    "/sources/{name}/schedule",
    "/styleguide/themes.css",
    // a button's address leads back to its page
    "/account/password",
    "/account/recovery",
    "/sign-in/passkey",
    "/sign-in/back",
    "/accounts/providers/{provider}/check",
    "/accounts/providers/{provider}/remove",
];

#[test]
fn every_page_has_a_sample() {
    let samples: Vec<&str> = pages(Locale::En).into_iter().map(|(name, _)| name).collect();
    let asked: BTreeSet<String> = [Surface::Public, Surface::Console]
        .into_iter()
        .flat_map(routes)
        .filter(|route| route.method == "GET")
        .map(|route| route.pattern)
        .collect();
    for address in &asked {
        if OTHERS.contains(&address.as_str()) {
            continue;
        }
        let (_, names) = PAGES
            .iter()
            .find(|(known, _)| known == address)
            .unwrap_or_else(|| panic!("{address} is new: say which samples show it, or that it is no page"));
        for name in *names {
            assert!(samples.iter().any(|sample| belongs(sample, name)), "{address} has no sample called {name}");
        }
    }
    for known in PAGES.iter().map(|(known, _)| known).chain(OTHERS) {
        assert!(asked.contains(*known), "{known} is no address any more");
    }
}

#[test]
fn every_sample_is_of_some_page() {
    for (sample, _) in pages(Locale::En) {
        let known = PAGES.iter().flat_map(|(_, names)| *names).chain(&["error", "bulk-ask"]);
        assert!(known.into_iter().any(|name| belongs(sample, name)), "{sample} shows no page");
    }
}

/// Whether a sample shows the page of this name: `people-empty` is of `people`.
fn belongs(sample: &str, name: &str) -> bool {
    sample.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
