//! Sign-in providers for the gallery: the doors, the list, the forms.

use askama::Template;
use estampe_domain::ProviderId;
use estampe_domain::openid::ProofReason;
use estampe_domain::provider::{Provider, ProviderForm, ProviderKind};
use estampe_service::{DoorWay, OwnWay, ProviderDetail};

use super::{HOST, Sevens, now, shell};
use crate::console::doors::{SignIn, SignInOffer, WelcomeForm, sign_in_page, welcome_page};
use crate::console::own_ways::OwnWaysPage;
use crate::console::providers::{ProvidersPage, provider_page};
use crate::console::shell::Section;
use crate::console::sign_in_with::{AwayPage, directory_page};
use crate::locale::Lang;
use crate::words::provider::why;

fn ways() -> Vec<DoorWay> {
    let way = |name: &str, label: &str, is_directory| DoorWay {
        name: name.to_owned(),
        label: label.to_owned(),
        is_directory,
    };
    vec![way("sso", "Banque Garonne SSO", false), way("siege", "Annuaire du siège", true)]
}

fn detail(form: ProviderForm) -> ProviderDetail {
    let read = form.read().unwrap();
    let source = estampe_domain::SourceId::new(now(), &Sevens);
    let kind = read.open_id.map_or(ProviderKind::Directory { source }, ProviderKind::OpenId);
    let redirect = matches!(kind, ProviderKind::OpenId(_))
        .then(|| "https://estampe.banque-garonne.example/sign-in/back".to_owned());
    let provider = Provider {
        id: ProviderId::new(now(), &Sevens),
        name: read.name,
        label: read.label,
        kind,
        coming: read.coming,
        created_at: now(),
    };
    ProviderDetail { provider, form, has_secret: redirect.is_some(), redirect }
}

fn sso() -> ProviderForm {
    ProviderForm {
        name: "sso".to_owned(),
        label: "Banque Garonne SSO".to_owned(),
        kind: "oidc".to_owned(),
        issuer: "https://sso.banque-garonne.example/realms/interne".to_owned(),
        client_id: "estampe".to_owned(),
        scopes: "email profile".to_owned(),
        groups_claim: "groups".to_owned(),
        networks: "10.0.0.0/8".to_owned(),
        create: true,
        roles: vec!["employee".to_owned()],
        rules: "cartes-admin=administrator\ncartes-dpo=data-protection-officer".to_owned(),
        ..ProviderForm::default()
    }
}

/// The pages, with their names.
pub(crate) fn pages(l: &Lang) -> Vec<(&'static str, String)> {
    let form = SignIn::default();
    let mut sign_in = sign_in_page(l, HOST, &form, SignInOffer::default(), None);
    sign_in.ways = ways();
    let mut refused = sign_in_page(l, HOST, &form, SignInOffer::default(), None);
    refused.problem = Some(why(l, ProofReason::AddressTaken));
    let invited = WelcomeForm::default();
    let mut welcome = welcome_page(l, HOST, &invited, &[]);
    welcome.ways = ways();
    let directory = ways().pop().unwrap();
    let wrong = Some(l.t("sign-in-directory-wrong").to_string());
    let action = "/sign-in/with/siege";
    let asked = directory_page(l, &directory, action, ("l.martin", ""), wrong);
    let url = "https://sso.banque-garonne.example/auth?client_id=estampe";
    let siege = ProviderForm {
        name: "siege".to_owned(),
        label: "Annuaire du siège".to_owned(),
        kind: "directory".to_owned(),
        source: "Siège".to_owned(),
        ..ProviderForm::default()
    };
    let providers = vec![detail(siege), detail(sso())];
    let one = detail(sso());
    let problems = ProviderForm { issuer: "http://sso".to_owned(), rules: "cartes".to_owned(), ..sso() };
    let found = problems.read().unwrap_err();
    let mut tried = provider_page(l, shell(Section::Accounts), Some(&one), &one.form, &Vec::new());
    tried.tried = Some(("leaf", l.t("provider-good").with("keys", 2_u64).to_string()));
    let mut reader = shell(Section::Accounts);
    reader.sees.changes_accounts = false;
    let own = ["sso", "siege"].map(|name| OwnWay {
        name: name.to_owned(),
        label: name.to_uppercase(),
        is_directory: name == "siege",
        joined: (name == "sso").then(now),
    });
    let only = Some(l.t("own-ways-only").to_string());
    vec![
        ("sign-in-ways", sign_in.render().unwrap()),
        ("sign-in-refused", refused.render().unwrap()),
        ("sign-in-directory", asked.render().unwrap()),
        ("sign-in-away", AwayPage { l, label: "Banque Garonne SSO", url }.render().unwrap()),
        ("welcome-ways", welcome.render().unwrap()),
        ("providers", ProvidersPage { l, s: shell(Section::Accounts), providers: &providers }.render().unwrap()),
        ("providers-none", ProvidersPage { l, s: shell(Section::Accounts), providers: &[] }.render().unwrap()),
        ("provider", tried.render().unwrap()),
        ("provider-wrong", provider_page(l, shell(Section::Accounts), None, &problems, &found).render().unwrap()),
        ("provider-read", provider_page(l, reader, Some(&one), &one.form, &Vec::new()).render().unwrap()),
        ("own-ways", OwnWaysPage { l, s: shell(Section::Account), ways: &own, problem: only }.render().unwrap()),
        ("own-ways-none", OwnWaysPage { l, s: shell(Section::Account), ways: &[], problem: None }.render().unwrap()),
    ]
}
