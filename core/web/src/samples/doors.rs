//! The doors and one's own account, for the gallery.

use askama::Template as _;
use estampe_domain::approval::{Act, Approval, LeadReach};
use estampe_domain::credential::Secret;
use estampe_domain::ending::{EndingPlan, PeopleFate};
use estampe_domain::provider::ProviderForm;
use estampe_domain::session::{Agent, Factor, FactorKind, How, SessionFacts};
use estampe_domain::{AccountId, ApprovalId, FactorId, Locale, PublicationId, SessionId, SourceId};
use estampe_service::views::{OwnFactors, PasskeyAsked, StepOffer, TotpOffer};

use super::{HOST, Sevens, lang, now, shell};
use crate::console::approvals::ApprovalsPage;
use crate::console::confirm::confirm_page;
use crate::console::doors::{PasskeyForm, SignIn, SignInOffer, sign_in_page};
use crate::console::own::{OwnPage, password_fields};
use crate::console::own_factors::{RecoveryCodesPage, app_page, passkey_page};
use crate::console::second_door::{forgotten_page, second_page};
use crate::console::shell::{Section, Shell};

fn asked() -> PasskeyAsked {
    PasskeyAsked { options: r#"{"challenge":"AAAA"}"#.into(), state: "sealed".into() }
}

fn step(passkey: bool) -> StepOffer {
    StepOffer { passkey: passkey.then(asked), app: true }
}

fn factor(kind: FactorKind, name: &str, used: bool) -> Factor {
    let created_at = now().plus_seconds(-40 * 86_400);
    let used_at = used.then(|| now().plus_seconds(-3600));
    Factor { id: FactorId::new(now(), &Sevens), kind, name: name.parse().unwrap(), created_at, used_at }
}

fn session(agent: &str, how: How, with_factor: bool, ago: i64) -> SessionFacts {
    SessionFacts {
        id: SessionId::new(now().plus_seconds(-ago), &Sevens),
        how,
        agent: Agent::from_stored(agent.to_owned()),
        address: "10.20.3.117".into(),
        begun: now().plus_seconds(-ago),
        seen: now().plus_seconds(-ago),
        with_factor,
    }
}

fn own_page<'a>(
    l: &'a crate::locale::Lang,
    s: Shell,
    own: &'a OwnFactors,
    sessions: &'a [SessionFacts],
    found: &[(&'static str, &'static str)],
) -> OwnPage<'a> {
    OwnPage {
        l,
        s,
        email: "mireille.bordes@banque-garonne.example".into(),
        own,
        sessions,
        this: sessions.first().map(|session| session.id),
        fields: password_fields(l, found),
        done: None,
        must_enrol: false,
    }
}

fn publish(first: Option<u64>) -> Act {
    let publication = PublicationId::new(now(), &Sevens);
    let (people, mailboxes) = (Vec::new(), first.unwrap_or(120));
    Act::PublishSignatures { publication, source: "Google".into(), first, people, ring: 1, mailboxes }
}

fn token(name: &str, scopes: &[&str]) -> Act {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    Act::MakeToken { account: None, name: name.into(), scopes, days: 90 }
}

fn ending(fate: PeopleFate) -> Act {
    let seen = EndingPlan { people: 4_012, known_elsewhere: 12, cards_disabled: 3_988, ..EndingPlan::default() };
    Act::EndSource { source: SourceId::new(now(), &Sevens), name: "Siège".into(), fate, seen: Some(seen) }
}

fn approvals() -> Vec<Approval> {
    let one = |seconds: i64, act: Act| Approval {
        id: ApprovalId::new(now().plus_seconds(seconds), &Sevens),
        account: act.account().map(|_| "Lucie Fabre <lucie.fabre@banque-garonne.example>".into()),
        act,
        asked_by: AccountId::new(now().plus_seconds(seconds), &Sevens),
        asked_by_name: "Karim Benali".into(),
        asked_at: now().plus_seconds(-7200),
        ends_at: now(),
        agreed: false,
    };
    vec![
        one(
            0,
            Act::AddAccount {
                name: "Iris Bonnet".into(),
                email: "iris.bonnet@banque-garonne.example".into(),
                roles: vec!["auditor".into()],
                person: None,
            },
        ),
        one(12, Act::InviteAgain { account: AccountId::new(now(), &Sevens) }),
        one(13, Act::ResetFactors { account: AccountId::new(now(), &Sevens) }),
        one(1, Act::GrantPlugin { plugin: "ldap".into(), grant: vec!["field read title".into()], revoke: Vec::new() }),
        one(
            2,
            Act::SetProvider {
                of: None,
                form: Box::new(ProviderForm {
                    name: "siege".into(),
                    label: "Siège".into(),
                    kind: "oidc".into(),
                    issuer: "https://sso.banque-garonne.example".into(),
                    client_id: "estampe".into(),
                    groups_claim: "groups".into(),
                    create: true,
                    roles: vec!["employee".into()],
                    rules: "cartes=card-designer".into(),
                    ..ProviderForm::default()
                }),
                drops_secret: false,
            },
        ),
        one(
            4,
            Act::SetProvider {
                of: Some("siege".into()),
                form: Box::new(ProviderForm {
                    name: "siege".into(),
                    kind: "oidc".into(),
                    issuer: "https://login.banque-garonne.example".into(),
                    ..ProviderForm::default()
                }),
                drops_secret: true,
            },
        ),
        one(
            5,
            Act::ExportLeads { of: LeadReach::Teams { teams: vec![crate::samples::group("Pau", 9).id], person: None } },
        ),
        Approval { agreed: true, ..one(3, Act::ExportLeads { of: LeadReach::Everybody }) },
        one(6, publish(None)),
        one(8, token("CRM", &["leads:read"])),
        Approval { agreed: true, ..one(9, token("Intranet", &["people:read", "people:write"])) },
        one(10, ending(PeopleFate::Erase)),
        one(11, ending(PeopleFate::Disable)),
        one(7, publish(Some(5))),
    ]
}

/// Every door besides the first.
pub(crate) fn pages(locale: Locale) -> Vec<(&'static str, String)> {
    let l = &lang(locale);
    let s = || shell(Section::Account);
    let own_id = AccountId::new(now(), &Sevens);
    let passkey = PasskeyForm { action: "/sign-in/passkey", asked: asked(), words: "sign-in-passkey", prefix: "" };
    let offer = SignInOffer { passkey: Some(passkey), forgotten: true, ways: Vec::new() };
    let full = OwnFactors {
        factors: vec![
            factor(FactorKind::Passkey, "Portable du bureau", true),
            factor(FactorKind::Totp, "Mon téléphone", false),
        ],
        recovery_codes: 2,
        has_password: true,
        passkeys_can_be: true,
    };
    let bare = OwnFactors { factors: Vec::new(), recovery_codes: 0, has_password: true, passkeys_can_be: false };
    let sessions = [
        session("Firefox · Linux", How::Passkey, true, 0),
        session("Safari · iOS", How::Password, true, 86_400),
        session("", How::Token, false, 5 * 86_400),
    ];
    let wrong = [("current", "password-current-wrong"), ("password", "password-breached")];
    let mut enrols = own_page(l, s(), &bare, sessions.get(..1).unwrap(), &[]);
    enrols.must_enrol = true;
    let mut done = own_page(l, s(), &full, &sessions, &[]);
    done.done = Some("own-done-factor");
    let offered = || {
        TotpOffer {
        qr: "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><path fill='#fff' d='M0 0h8v8H0z'/><path d='M1 1h2v2H1zM5 1h2v2H5zM1 5h2v2H1zM4 4h1v1H4z'/></svg>".into(),
        seed: Secret::new("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
        state: "sealed".into(),
    }
    };
    let codes = || {
        ["kq3m7xa-2hf4abq-wcyd6ey-n5rtz2i", "abcdefa-ghijkla-mnopqra-stuvwxa"]
            .repeat(5)
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    vec![
        ("sign-in-all", sign_in_page(l, HOST, &SignIn::default(), offer, None).render().unwrap()),
        ("second", second_page(l, HOST, step(true), "/people", None).render().unwrap()),
        ("second-wrong", second_page(l, HOST, step(false), "", Some("second-wrong")).render().unwrap()),
        ("forgotten", forgotten_page(l, HOST, false, true).render().unwrap()),
        ("forgotten-sent", forgotten_page(l, HOST, true, true).render().unwrap()),
        ("forgotten-no-mail", forgotten_page(l, HOST, false, false).render().unwrap()),
        ("confirm", confirm_page(l, HOST, (step(true), false), Vec::new(), None).render().unwrap()),
        (
            "confirm-password",
            confirm_page(l, HOST, (StepOffer { passkey: None, app: false }, true), Vec::new(), Some("confirm-wrong"))
                .render()
                .unwrap(),
        ),
        (
            "confirm-again",
            confirm_page(l, HOST, (StepOffer { passkey: None, app: false }, false), Vec::new(), None).render().unwrap(),
        ),
        ("own", done.render().unwrap()),
        ("own-enrols", enrols.render().unwrap()),
        ("own-wrong", own_page(l, s(), &full, &sessions, &wrong).render().unwrap()),
        ("factor-app", app_page(l, s(), offered(), "Mon téléphone", &[]).render().unwrap()),
        (
            "factor-app-wrong",
            app_page(l, s(), offered(), "", &[("name", "factor-name-needed"), ("code", "factor-code-wrong")])
                .render()
                .unwrap(),
        ),
        (
            "factor-passkey",
            passkey_page(l, s(), asked(), "Mon appareil", &[("passkey", "factor-passkey-wrong")]).render().unwrap(),
        ),
        (
            "approvals",
            ApprovalsPage { l, s: shell(Section::Accounts), approvals: &approvals(), own: own_id, problem: None }
                .render()
                .unwrap(),
        ),
        (
            "approvals-empty",
            ApprovalsPage { l, s: shell(Section::Accounts), approvals: &[], own: own_id, problem: None }
                .render()
                .unwrap(),
        ),
        ("recovery-codes", RecoveryCodesPage { l, s: s(), codes: codes() }.render().unwrap()),
    ]
}
