//! A signature sent to whoever looks at it, to see it in their own mail program.

use actix_web::{HttpRequest, web};
use estampe_domain::mail::TestedSignature;
use estampe_domain::{DesignId, PersonId, Right};
use estampe_service::TestMailRefusal;
use estampe_texts::key;

use crate::console::people::query_of;
use crate::forms::{Fields, Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;

/// What became of it, as the address of the page says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mailed {
    Sent,
    Refused(TestMailRefusal),
}

impl Mailed {
    const ALL: [Self; 4] = [
        Self::Sent,
        Self::Refused(TestMailRefusal::NoServer),
        Self::Refused(TestMailRefusal::NoSignature),
        Self::Refused(TestMailRefusal::TooMany),
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused(TestMailRefusal::NoServer) => "no-server",
            Self::Refused(TestMailRefusal::NoSignature) => "none",
            Self::Refused(TestMailRefusal::TooMany) => "many",
        }
    }

    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        let word = query_of(request, "mailed");
        Self::ALL.into_iter().find(|mailed| mailed.word() == word)
    }

    pub(crate) fn is_sent(self) -> bool {
        self == Self::Sent
    }

    /// What is said of it.
    pub(crate) fn words(self, l: &Lang, email: &str) -> String {
        let key = match self {
            Self::Sent => return l.t("signature-mail-sent").with("email", email).to_string(),
            Self::Refused(TestMailRefusal::NoServer) => key("signature-mail-no-server"),
            Self::Refused(TestMailRefusal::NoSignature) => key("signature-mail-none"),
            Self::Refused(TestMailRefusal::TooMany) => key("signature-mail-many"),
        };
        l.t(key).to_string()
    }
}

/// For which day.
pub(crate) struct Day(String);

impl From<Fields> for Day {
    fn from(fields: Fields) -> Self {
        Self(fields.text("day"))
    }
}

async fn send(desk: &Desk, of: TestedSignature) -> Result<&'static str, crate::error::Fault> {
    let sent = desk.ok(desk.service().mail_signature(&desk.ctx, of).await)?;
    Ok(sent.map_or_else(Mailed::Refused, |_| Mailed::Sent).word())
}

/// `POST /people/{id}/signature/mail`
pub(crate) async fn of_person(sent: ProtectedForm<Day>, path: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form: Day(day) } = sent;
    desk.needs_some(Right::SignaturesRead)?;
    let person: PersonId = desk.id(&path)?;
    let day = day.parse().unwrap_or_else(|_| desk.l.today());
    let mailed = send(&desk, TestedSignature::Person(person, day)).await?;
    Ok(see_other(&format!("/people/{person}/signature?day={day}&mailed={mailed}")))
}

/// `GET /people/{id}/signature/mail`: the signature.
pub(crate) async fn person_back(_: Desk, path: web::Path<String>) -> Reply {
    Ok(see_other(&format!("/people/{}/signature", crate::respond::segment(&path))))
}

/// `POST /signatures/designs/{design}/mail`
pub(crate) async fn of_design(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.needs(Right::SignaturesRead)?;
    let design: DesignId = desk.id(&path)?;
    let mailed = send(&desk, TestedSignature::Design(design, desk.l.today())).await?;
    Ok(see_other(&format!("/signatures/designs/{design}?mailed={mailed}")))
}
