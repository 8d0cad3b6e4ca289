//! Leads as a table for other programs: CSV (RFC 4180), as office programs open it.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use estampe_domain::Error;
use estampe_domain::lead::{ConsentRecord, Lead};
use estampe_service::views::Asking;

use crate::console::confirm::SensitiveForm;
use crate::error::{Cause, Fault};
use crate::forms::Nothing;
use crate::locale::Lang;
use crate::respond::Reply;
use crate::visit::Visit;

/// Leads read at once.
const CHUNK: i64 = 500;
/// Office programs take a file that begins with it for UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A table that is being written.
struct Table(csv::Writer<Vec<u8>>);

impl Table {
    /// With a column for each purpose that visitors are asked about: whoever writes to those who left their
    /// details sees who agreed to what.
    fn new(l: &Lang, purposes: &[String]) -> Result<Self, csv::Error> {
        let mut writer =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BYTE_ORDER_MARK.to_vec());
        let heads = [
            "leads-column-when",
            "mail-name",
            "mail-email",
            "mail-phone",
            "mail-company",
            "mail-message",
            "leads-column-for",
        ];
        let agreed = purposes.iter().map(|key| l.t("leads-column-agreed").with("purpose", key.as_str()).to_string());
        writer.write_record(heads.iter().map(|key| l.t(key).to_string()).chain(agreed))?;
        Ok(Self(writer))
    }

    /// One lead; nothing of one that was erased.
    fn add(&mut self, lead: &Lead, agreed: impl Iterator<Item = String>) -> Result<(), csv::Error> {
        let Some(details) = &lead.details else { return Ok(()) };
        let text = |value: Option<String>| harmless(value.unwrap_or_default());
        let cells = [
            lead.received_at.to_string(),
            harmless(details.name.to_string()),
            harmless(details.email.to_string()),
            text(details.phone.as_ref().map(ToString::to_string)),
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
/// A telephone number begins with `+` and is none.
fn harmless(text: String) -> String {
    let number = text.starts_with('+') && text.chars().skip(1).all(|c| c.is_ascii_digit() || " ()-./".contains(c));
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !number { format!("'{text}") } else { text }
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
            table.add(lead, agreed).map_err(wrong)?;
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
    use super::harmless;

    #[test]
    fn formulas_become_text_and_telephone_numbers_stay() {
        for (typed, written) in [
            ("=HYPERLINK(\"http://evil\")", "'=HYPERLINK(\"http://evil\")"),
            ("+33 1 23-45 (67)", "+33 1 23-45 (67)"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("Amélie", "Amélie"),
        ] {
            assert_eq!(harmless(typed.to_owned()), written);
        }
    }
}
