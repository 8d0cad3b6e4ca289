//! Signatures of the whole house: designs, the rules in their order, and who gets what.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use data_encoding::HEXLOWER;
use estampe_domain::ids::{GroupId, SignatureRuleId};
use estampe_domain::person::PersonSummary;
use estampe_domain::signature::publication::Publication;
use estampe_domain::signature::{Design, Rule, Who};
use estampe_domain::{Error, Locale, Right};
use estampe_service::SignatureOverview;
use estampe_service::views::{Asking, PeopleFilter};
use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::console::people::{here, query_of};
use crate::console::publications::{counts, path_of};
use crate::console::shell::{Section, Shell};
use crate::console::{signature_designs, signature_mail, signature_pictures, signature_rules};
use crate::error::Fault;
use crate::forms::{Fields, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::routes::Table;
use crate::session::Desk;
use crate::words;

/// People whom a search may find to choose from.
const FOUND: i64 = 10;

/// Adds the routes.
pub(crate) fn routes(table: Table) -> Table {
    table.scope("/signatures", |table| {
        table
            .get("", list)
            .get("/designs/new", signature_designs::new)
            .post("/designs/new", signature_designs::add)
            .get("/designs/{design}", signature_designs::show)
            .post("/designs/{design}", signature_designs::change)
            .get("/designs/{design}/preview", signature_designs::preview)
            .get("/designs/{design}/mail", signature_designs::back)
            .post("/designs/{design}/mail", signature_mail::of_design)
            .get("/designs/{design}/remove", signature_designs::back)
            .post("/designs/{design}/remove", signature_designs::remove)
            .get("/pictures", signature_pictures::list)
            .post("/pictures", signature_pictures::bring)
            .get("/pictures/{picture}", signature_pictures::show)
            .get("/pictures/{picture}/remove", signature_pictures::back)
            .post("/pictures/{picture}/remove", signature_pictures::remove)
            .get("/rules/new", signature_rules::new)
            .post("/rules/new", signature_rules::add)
            .get("/rules/{rule}", signature_rules::show)
            .post("/rules/{rule}", signature_rules::change)
            .get("/rules/{rule}/move", signature_rules::back)
            .post("/rules/{rule}/move", step)
            .get("/rules/{rule}/remove", signature_rules::back)
            .post("/rules/{rule}/remove", signature_rules::remove)
    })
}

/// Whose signature on which day is asked for.
pub(crate) struct Tester {
    pub(crate) query: String,
    pub(crate) day: String,
    /// Whom the words fit; none: nothing was asked.
    pub(crate) found: Option<Vec<PersonSummary>>,
    /// The day is none.
    pub(crate) wrong_day: bool,
}

impl Tester {
    fn of(desk: &Desk, request: &HttpRequest) -> Self {
        let day = Some(query_of(request, "day")).filter(|day| !day.is_empty());
        let day = day.unwrap_or_else(|| desk.l.today().to_string());
        let wrong_day = day.parse::<Date>().is_err();
        Self { query: query_of(request, "q").trim().to_owned(), day, found: None, wrong_day }
    }

    /// Looks for them.
    async fn find(&mut self, desk: &Desk) -> Result<(), Fault> {
        if !self.query.is_empty() && !self.wrong_day {
            let page = Asking { after: None, limit: FOUND };
            let filter = PeopleFilter { query: self.query.clone(), page, ..PeopleFilter::default() };
            self.found = Some(desk.ok(desk.service().people(&desk.ctx, &filter).await)?.people);
        }
        Ok(())
    }

    fn path(&self, person: &PersonSummary) -> String {
        format!("/people/{}/signature?day={}", person.id, self.day)
    }

    /// Where to go when the words fit one person alone.
    fn only(&self) -> Option<String> {
        match self.found.as_deref() {
            Some([only]) => Some(self.path(only)),
            _ => None,
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "console/signatures.html")]
pub(crate) struct SignaturesPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) overview: &'a SignatureOverview,
    pub(crate) tester: &'a Tester,
    /// The order is not what a reader saw.
    pub(crate) changed: bool,
    /// The newest one that was written into mailboxes, or is to be.
    pub(crate) newest: Option<&'a Publication>,
}

impl SignaturesPage<'_> {
    fn newest_state(&self, publication: &Publication) -> (&'static str, &'static str) {
        words::publication::state(publication.state)
    }

    fn newest_path(&self, publication: &Publication) -> String {
        path_of(publication.id)
    }

    fn newest_title(&self, publication: &Publication) -> String {
        words::publication::title(self.l, publication)
    }

    fn newest_counts(&self, publication: &Publication) -> String {
        let all = counts(self.l, publication).into_iter().map(|(_, words)| words);
        all.collect::<Vec<_>>().join(", ")
    }

    fn settings(&self, design: &Design) -> String {
        let cut = |value: &str| match value.char_indices().nth(60) {
            Some((at, _)) => format!("{}…", value.get(..at).unwrap_or_default()),
            None => value.to_owned(),
        };
        design.config.iter().map(|(key, value)| format!("{key}={}", cut(value))).collect::<Vec<_>>().join(", ")
    }

    /// The design that a rule gives, and what it gives besides.
    fn gives(&self, rule: &Rule) -> String {
        let design = rule.settings.design.and_then(|id| self.overview.design(id).ok());
        let design = design.map(|design| self.l.t("rule-gives-design").with("name", design.name.as_str()).to_string());
        let values = rule.settings.values.keys().cloned();
        design.into_iter().chain(values).collect::<Vec<_>>().join(", ")
    }

    /// Whether a rule runs: the tone, and the words.
    fn state(&self, rule: &Rule) -> (&'static str, String) {
        let (l, today) = (self.l, self.l.today());
        let on = |key, day| l.t(key).with("day", l.day(day)).to_string();
        match (rule.settings.from, rule.settings.until) {
            (_, Some(until)) if until < today => ("plain", on("rule-ended", until)),
            (Some(from), _) if today < from => ("sun", on("rule-begins", from)),
            (_, Some(until)) => ("leaf", on("rule-runs-until", until)),
            (_, None) => ("leaf", l.t("rule-runs").to_string()),
        }
    }

    fn whom(&self, rule: &Rule) -> String {
        whom(self.l, self.overview, &rule.settings.who)
    }

    /// The rules beside the one at this place.
    fn beside(&self, place: &usize) -> [(&'static str, &'static str, Option<SignatureRuleId>); 2] {
        let at = |place: Option<usize>| Some(self.overview.rules.get(place?)?.id);
        [("up", "rule-up", at(place.checked_sub(1))), ("down", "rule-down", at(place.checked_add(1)))]
    }
}

/// Whom a rule is for, in words.
fn whom(l: &Lang, overview: &SignatureOverview, who: &Who) -> String {
    if who.is_everybody() {
        return l.t("rule-everybody").to_string();
    }
    let group = |id: &GroupId| {
        let known = overview.groups.get(id).map(|group| group.name.clone());
        known.unwrap_or_else(|| l.t("rule-group-gone").to_string())
    };
    let language = |locale: &Locale| estampe_texts::t(*locale, "language-name");
    let parts: [(&str, Vec<String>); 3] = [
        ("rule-for-groups", who.groups.iter().map(group).collect()),
        ("rule-for-offices", who.offices.iter().cloned().collect()),
        ("rule-for-languages", who.languages.iter().map(language).collect()),
    ];
    let named = parts.into_iter().filter(|(_, names)| !names.is_empty());
    named.map(|(key, names)| l.t(key).with("names", names.join(", ")).to_string()).collect::<Vec<_>>().join(" · ")
}

/// What a form is sent with, so that it changes nothing that its reader did not see.
pub(crate) fn seen(facts: &impl Serialize) -> String {
    HEXLOWER.encode(&Sha256::digest(serde_json::to_vec(facts).unwrap_or_default()))
}

/// `GET /signatures?q=&day=`
pub(crate) async fn list(desk: Desk, request: HttpRequest) -> Reply {
    let overview = desk.ok(desk.service().signature_overview(&desk.ctx).await)?;
    let mut tester = Tester::of(&desk, &request);
    tester.find(&desk).await?;
    if let Some(only) = tester.only() {
        return Ok(see_other(&only));
    }
    let status = if tester.wrong_day { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let s = Shell::new(&desk, Section::Signatures, here(&request));
    let newest = desk.ok(desk.service().newest_publication(&desk.ctx).await)?;
    let (overview, tester, newest) = (&overview, &tester, newest.as_ref());
    desk.page_with(status, &SignaturesPage { l: &desk.l, s, overview, tester, changed: false, newest })
}

/// Over which rule one is moved.
pub(crate) struct Step {
    over: String,
}

impl From<Fields> for Step {
    fn from(fields: Fields) -> Self {
        Self { over: fields.text("over") }
    }
}

/// `POST /signatures/rules/{rule}/move`
pub(crate) async fn step(sent: ProtectedForm<Step>, request: HttpRequest, path: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form } = sent;
    desk.needs(Right::SignaturesChange)?;
    let (rule, over) = (desk.id(&path)?, desk.id(&form.over)?);
    match desk.service().step_signature_rule(&desk.ctx, rule, over).await {
        Err(Error::Changed(_)) => {
            let overview = &desk.ok(desk.service().signature_overview(&desk.ctx).await)?;
            let newest = desk.ok(desk.service().newest_publication(&desk.ctx).await)?;
            let (s, tester) = (Shell::new(&desk, Section::Signatures, "/signatures"), &Tester::of(&desk, &request));
            let page = SignaturesPage { l: &desk.l, s, overview, tester, changed: true, newest: newest.as_ref() };
            desk.page_with(StatusCode::CONFLICT, &page)
        }
        outcome => {
            desk.ok(outcome)?;
            Ok(see_other("/signatures#rules"))
        }
    }
}
