//! One's own second factors: an app, a passkey, recovery codes.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use estampe_domain::{Error, FactorId};
use estampe_service::views::{FactorAdded, FactorOutcome, PasskeyAsked, TotpOffer};
use estampe_texts::key;

use crate::console::confirm::SensitiveForm;
use crate::console::own::with_cookie;
use crate::console::shell::{Section, Shell};
use crate::fields::{Field, problems};
use crate::forms::{Fields, Nothing};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;

/// A new factor: an app with its seed, or a passkey with what the device is asked.
#[derive(Template)]
#[template(path = "console/factor_new.html")]
pub(crate) struct FactorNewPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) app: Option<TotpOffer>,
    pub(crate) passkey: Option<PasskeyAsked>,
    pub(crate) fields: Vec<Field>,
    pub(crate) problem: Option<String>,
}

impl FactorNewPage<'_> {
    fn problems(&self) -> usize {
        problems(&self.fields)
    }

    /// The seed in groups of four, as people type it.
    fn seed(&self, offer: &TotpOffer) -> String {
        let signs: Vec<char> = offer.seed.reveal().chars().collect();
        signs.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
    }
}

/// Recovery codes, shown once.
#[derive(Template)]
#[template(path = "console/recovery_codes.html")]
pub(crate) struct RecoveryCodesPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) codes: Vec<String>,
}

/// What is typed or answered for a new factor.
pub(crate) struct FactorForm {
    name: String,
    state: String,
    code: String,
    passkey: String,
}

impl From<Fields> for FactorForm {
    fn from(fields: Fields) -> Self {
        Self {
            name: fields.text("name"),
            state: fields.text("state"),
            code: fields.text("code"),
            passkey: fields.text("passkey"),
        }
    }
}

fn found_in(l: &Lang, found: &[(&'static str, &'static str)], name: &str) -> Option<String> {
    found.iter().find(|(field, _)| *field == name).map(|(_, key)| l.t(key).to_string())
}

pub(crate) fn app_page<'a>(
    l: &'a Lang,
    s: Shell,
    offer: TotpOffer,
    name: &str,
    found: &[(&'static str, &'static str)],
) -> FactorNewPage<'a> {
    let fields = vec![
        Field::new("name", l.t("factor-name"), name)
            .hint(l.t("factor-app-name-hint"))
            .problem(found_in(l, found, "name")),
        Field::new("code", l.t("factor-code"), "")
            .inputmode("numeric")
            .autocomplete("one-time-code")
            .hint(l.t("factor-code-hint"))
            .problem(found_in(l, found, "code")),
    ];
    FactorNewPage { l, s, app: Some(offer), passkey: None, fields, problem: None }
}

pub(crate) fn passkey_page<'a>(
    l: &'a Lang,
    s: Shell,
    asked: PasskeyAsked,
    name: &str,
    found: &[(&'static str, &'static str)],
) -> FactorNewPage<'a> {
    let fields = vec![
        Field::new("name", l.t("factor-name"), name)
            .hint(l.t("factor-passkey-name-hint"))
            .problem(found_in(l, found, "name")),
    ];
    FactorNewPage { l, s, app: None, passkey: Some(asked), fields, problem: found_in(l, found, "passkey") }
}

fn shell(desk: &Desk, here: &str) -> Shell {
    Shell::new(desk, Section::Account, here)
}

/// `GET /account/app`
pub(crate) async fn app(desk: Desk) -> Reply {
    let offer = desk.ok(desk.service().offer_totp(&desk.ctx).await)?;
    let name = desk.l.t("factor-app-name").to_string();
    desk.page(&app_page(&desk.l, shell(&desk, "/account/app"), offer, &name, &[]))
}

/// `POST /account/app`
pub(crate) async fn add_app(sent: SensitiveForm<FactorForm>) -> Reply {
    let SensitiveForm { desk, form } = sent;
    match desk.ok(desk.service().add_totp(&desk.ctx, &form.name, &form.state, &form.code).await)? {
        FactorOutcome::Done(added) => added_page(&desk, added),
        FactorOutcome::Problems(found, Some(offer)) => {
            let page = app_page(&desk.l, shell(&desk, "/account/app"), *offer, &form.name, &found);
            desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        FactorOutcome::Expired | FactorOutcome::Problems(..) => Ok(see_other("/account/app")),
    }
}

/// `GET /account/passkey`
pub(crate) async fn passkey(desk: Desk) -> Reply {
    let asked = desk.ok(desk.service().offer_passkey(&desk.ctx).await)?;
    let name = desk.l.t("factor-passkey-name").to_string();
    desk.page(&passkey_page(&desk.l, shell(&desk, "/account/passkey"), asked, &name, &[]))
}

/// `POST /account/passkey`
pub(crate) async fn add_passkey(sent: SensitiveForm<FactorForm>) -> Reply {
    let SensitiveForm { desk, form } = sent;
    match desk.ok(desk.service().add_passkey(&desk.ctx, &form.name, &form.state, &form.passkey).await)? {
        FactorOutcome::Done(added) => added_page(&desk, added),
        FactorOutcome::Expired => Ok(see_other("/account/passkey")),
        FactorOutcome::Problems(found, _) => {
            let asked = desk.ok(desk.service().offer_passkey(&desk.ctx).await)?;
            let page = passkey_page(&desk.l, shell(&desk, "/account/passkey"), asked, &form.name, &found);
            desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

fn added_page(desk: &Desk, added: FactorAdded) -> Reply {
    let reply = match added.recovery_codes {
        Some(codes) => desk.page(&RecoveryCodesPage { l: &desk.l, s: shell(desk, "/account"), codes })?,
        None => see_other("/account?done=factor"),
    };
    Ok(with_cookie(reply, &added.token))
}

/// `POST /account/recovery`
pub(crate) async fn recovery(sent: SensitiveForm<Nothing>) -> Reply {
    let desk = sent.desk;
    let codes = desk.ok(desk.service().renew_recovery_codes(&desk.ctx).await)?;
    desk.page(&RecoveryCodesPage { l: &desk.l, s: shell(&desk, "/account"), codes })
}

/// `POST /account/factors/{factor}/remove`
pub(crate) async fn remove(sent: SensitiveForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let id: FactorId = desk.id(&path)?;
    match desk.service().remove_factor(&desk.ctx, id).await {
        Ok(token) => Ok(with_cookie(see_other("/account?done=removed"), &token)),
        Err(Error::Conflict(_)) => super::own::page(&desk, Some(key("own-last-factor")), &[]).await,
        Err(error) => desk.ok(Err(error)),
    }
}
