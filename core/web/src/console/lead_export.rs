//! Leads as a table for other programs: CSV (RFC 4180), as the office programs of the reader's country open it.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use estampe_domain::lead::{ConsentRecord, Lead};
use estampe_domain::{Error, Locale, Right};
use estampe_service::views::Asking;

use crate::console::confirm::SensitiveForm;
use crate::console::people::query_of;
use crate::console::shell::{Section, Shell};
use crate::error::{Cause, Fault};
use crate::forms::Nothing;
use crate::locale::Lang;
use crate::respond::Reply;
use crate::session::Desk;
use crate::visit::Visit;

/// Leads read at once.
const CHUNK: i64 = 500;
/// Office programs take a file that begins with it for UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What the file holds, and the button for it.
#[derive(Template)]
#[template(path = "console/lead_export.html")]
pub(crate) struct ExportPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    /// Whoever asks showed just now who they are, and comes back to what they asked for.
    pub(crate) confirmed: bool,
}

/// `GET /leads/export`
pub(crate) async fn show(desk: Desk, request: HttpRequest) -> Reply {
    desk.needs_some(Right::LeadsRead)?;
    let confirmed = query_of(&request, "confirmed") == "yes";
    let s = Shell::new(&desk, Section::Leads, "/leads/export");
    desk.page(&ExportPage { l: &desk.l, s, confirmed })
}

/// What office programs take for the end of a cell: where a comma stands in numbers it is none.
const fn separator(locale: Locale) -> u8 {
    match locale {
        Locale::Fr => b';',
        Locale::En => b',',
    }
}

/// A table that is being written.
struct Table(csv::Writer<Vec<u8>>);

impl Table {
    /// With a column for each purpose that visitors are asked about: whoever writes to those who left their
    /// details sees who agreed to what.
    fn new(l: &Lang, purposes: &[String]) -> Result<Self, csv::Error> {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(separator(l.locale))
            .terminator(csv::Terminator::CRLF)
            .from_writer(BYTE_ORDER_MARK.to_vec());
        let when = l.t("leads-column-when-in").with("zone", l.zone_name()).to_string();
        let heads = ["mail-name", "mail-email", "mail-phone", "mail-company", "mail-message", "leads-column-for"];
        let agreed = purposes.iter().map(|key| l.t("leads-column-agreed").with("purpose", key.as_str()).to_string());
        let heads = heads.iter().map(|key| l.t(key).to_string());
        writer.write_record(std::iter::once(when).chain(heads).chain(agreed))?;
        Ok(Self(writer))
    }

    /// One lead; nothing of one that was erased.
    fn add(&mut self, l: &Lang, lead: &Lead, agreed: impl Iterator<Item = String>) -> Result<(), csv::Error> {
        let Some(details) = &lead.details else { return Ok(()) };
        let text = |value: Option<String>| harmless(value.unwrap_or_default());
        let cells = [
            l.iso(&lead.received_at),
            harmless(details.name.to_string()),
            harmless(details.email.to_string()),
            details.phone.as_ref().map(|phone| number(phone.as_str())).unwrap_or_default(),
            text(details.company.as_ref().map(ToString::to_string)),
            text(details.message.as_ref().map(ToString::to_string)),
            harmless(lead.person_name.clone()),
        ];
        self.0.write_record(cells.into_iter().chain(agreed))
    }
}

/// Whether a visitor agreed; nothing: they were not asked.
fn agreed(l: &Lang, told: &[ConsentRecord], purpose: &str) -> String {
    match told.iter().find(|one| one.purpose == purpose) {
        Some(one) if one.granted => l.t("leads-agreed").to_string(),
        Some(_) => l.t("leads-not-agreed").to_string(),
        None => String::new(),
    }
}

/// What strangers typed is no formula of an office program: `'` before its sign makes it text.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

/// A telephone number is text: its `+` begins no sum, and neither that nor a zero in front is lost. A no-break
/// space before it says so and is not seen; most programs that read numbers leave it out.
fn number(text: &str) -> String {
    format!("\u{a0}{text}")
}

/// `POST /leads/export`
pub(crate) async fn export(sent: SensitiveForm<Nothing>) -> Reply {
    let rows = table(&sent.desk).await?;
    let day = sent.desk.ctx.now.to_string();
    let name = format!("attachment; filename=\"leads-{}.csv\"", day.get(..10).unwrap_or_default());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(rows))
}

/// All leads that a visit may see, and that they were taken along.
pub(crate) async fn table(visit: &Visit) -> Result<Vec<u8>, Fault> {
    let export = visit.ok(visit.service().begin_lead_export(&visit.ctx).await)?;
    let wrong = |error: csv::Error| Fault::new(visit, Cause::Domain(Error::Internal(format!("csv: {error}"))));
    let mut table = Table::new(&visit.l, &export.purposes).map_err(wrong)?;
    let mut after = None;
    loop {
        let page =
            visit.ok(visit.service().exported_leads(&visit.ctx, &export, Asking { after, limit: CHUNK }).await)?;
        for lead in &page.leads {
            let told = page.consents.get(&lead.id).map_or(&[][..], Vec::as_slice);
            let agreed = export.purposes.iter().map(|purpose| agreed(&visit.l, told, purpose));
            table.add(&visit.l, lead, agreed).map_err(wrong)?;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    table.0.into_inner().map_err(|error| wrong(error.into_error().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn formulas_become_text_and_telephone_numbers_stay() {
        for (typed, written) in [
            ("=HYPERLINK(\"http://evil\")", "'=HYPERLINK(\"http://evil\")"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("Amélie", "Amélie"),
        ] {
            assert_eq!(harmless(typed.to_owned()), written);
        }
        assert_eq!(number("+33-61"), "\u{a0}+33-61");
    }

    #[test]
    fn a_table_is_one_of_its_readers_country() {
        for (locale, head, separator) in
            [(Locale::En, "Received (Europe/Paris),Name,", ','), (Locale::Fr, "Reçu (Europe/Paris);Nom;", ';')]
        {
            let l = samples::lang(locale);
            let mut table = Table::new(&l, &[]).unwrap();
            table.add(&l, &samples::lead(false), std::iter::empty()).unwrap();
            let text = String::from_utf8(table.0.into_inner().unwrap()).unwrap();
            let (first, second) = text.split_once("\r\n").unwrap();
            assert!(first.starts_with(&format!("\u{feff}{head}")), "{first}");
            let cells: Vec<&str> = second.split(separator).collect();
            assert_eq!(cells.first().map(|when| when.len()), Some("2026-11-24 08:12:00".len()), "{second}");
            assert!(cells.get(3).is_some_and(|phone| *phone == "\u{a0}06 12 34 56 78"), "{second}");
        }
    }
}
