//! Sample data for the tests that render every page.

pub(crate) mod accounts;
pub(crate) mod changes;
pub(crate) mod configuration;
pub(crate) mod designs;
pub(crate) mod doors;
pub(crate) mod endings;
pub(crate) mod extensions;
pub(crate) mod mapping;
pub(crate) mod outlook;
pub(crate) mod ownership;
pub(crate) mod permissions;
pub(crate) mod plans;
pub(crate) mod providers;
pub(crate) mod publications;
pub(crate) mod signatures;
pub(crate) mod tokens;

use std::cell::Cell;
use std::collections::BTreeMap;

use estampe_domain::card::Card;
use estampe_domain::group::{GroupCounts, GroupSummary};
use estampe_domain::lead::{ConsentRecord, Lead, LeadDetails, LeadForm};
use estampe_domain::mail::{LeadMail, MailOutage, Occasion, ServerFault};
use estampe_domain::mapping::Mapping;
use estampe_domain::person::{LabelledLink, LabelledPhone, PersonSummary, PhoneKind, PostalAddress, Profile};
use estampe_domain::plugin::{Asks, ConnectorSpec, PluginInfo, PluginInput, PluginKind, Probe, SyncMode};
use estampe_domain::ports::Random;
use estampe_domain::purpose::{LegalBasis, Purpose};
use estampe_domain::run::{HoldReason, Run, RunCounts, RunState};
use estampe_domain::source::{Source, SourceOverview};
use estampe_domain::{
    BlobId, CardId, GroupId, JobId, LeadId, Locale, PersonId, PublicId, PurposeId, RunId, SourceId, SubjectId, Ts,
};
use estampe_service::views::{
    Attention, Exchange, GroupPage, Home, JobState, LeadDetail, LeadPage, MailEntry, Outbox, OutboxEntry, PeoplePage,
    PersonDetail, PluginEntry, Receipt,
};
use estampe_texts::TimeZone;

use crate::console::shell::{Section, Sees, Shell};
use crate::locale::Lang;

pub(crate) const HOST: &str = "Banque Garonne";

pub(crate) struct Sevens;

impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

pub(crate) fn now() -> Ts {
    Ts::from_micros(1_795_507_920_000_000)
}

pub(crate) fn lang(locale: Locale) -> Lang {
    Lang { locale, chosen: false, zone: TimeZone::get("Europe/Paris").unwrap(), now: now(), told: Cell::default() }
}

/// An administrator's.
pub(crate) fn sees() -> Sees {
    Sees {
        own: None,
        overview: true,
        people: true,
        signatures: true,
        leads: true,
        sources: true,
        plugins: true,
        outbox: true,
        accounts: true,
        settings: true,
        changes_people: true,
        changes_own: true,
        changes_accounts: true,
        changes_sources: true,
        ends_sources: true,
        changes_plugins: true,
        grants: true,
        changes_mails: true,
        changes_signatures: true,
        publishes: true,
    }
}

/// Somebody's whose card this is, and nothing else.
pub(crate) fn employee(person: PersonId) -> Shell {
    let sees = Sees {
        own: Some(person),
        overview: false,
        people: false,
        signatures: false,
        leads: true,
        sources: false,
        plugins: false,
        outbox: false,
        accounts: false,
        settings: false,
        changes_people: false,
        changes_own: true,
        changes_accounts: false,
        changes_sources: false,
        ends_sources: false,
        changes_plugins: false,
        grants: false,
        changes_mails: false,
        changes_signatures: false,
        publishes: false,
    };
    Shell { sees, ..shell(Section::Own) }
}

/// Somebody who may sign in and has nothing to see.
pub(crate) fn nobody() -> Shell {
    let mut shell = employee(PersonId::new(now(), &Sevens));
    (shell.section, shell.sees.own, shell.sees.leads) = (Section::Home, None, false);
    shell
}

pub(crate) fn shell(section: Section) -> Shell {
    Shell {
        sees: sees(),
        section,
        account: "Mireille Bordes".into(),
        initials: "MB".into(),
        csrf: "token".into(),
        organisation: HOST.into(),
        version: "0.1.0",
        here: "/".into(),
    }
}

pub(crate) fn profile() -> Profile {
    Profile {
        display_name: "Zoé Lefèvre-Núñez".parse().unwrap(),
        given_name: "Zoé".parse().ok(),
        family_name: "Lefèvre-Núñez".parse().ok(),
        pronouns: "elle".parse().ok(),
        title: "Directrice des financements d’exportation".parse().ok(),
        organisation: HOST.parse().ok(),
        department: "Financements".parse().ok(),
        office: "Agence de Toulouse".parse().ok(),
        phones: vec![LabelledPhone { kind: PhoneKind::Work, number: "+33 5 61 00 42 17".parse().unwrap() }],
        emails: vec!["zoe.lefevre@banque-garonne.example".parse().unwrap()],
        links: vec![LabelledLink {
            label: "Prendre rendez-vous".parse().ok(),
            url: "https://rdv.banque-garonne.example/zoe".parse().unwrap(),
        }],
        address: Some(PostalAddress {
            street: "18 avenue de l’Europe".parse().ok(),
            postal_code: "31520".parse().ok(),
            city: "Ramonville-Saint-Agne".parse().ok(),
            ..PostalAddress::default()
        }),
        locale: Some(Locale::Fr),
        photo: Some(BlobId::of(b"photo")),
    }
}

/// Somebody with nothing but a name that wants to break the page.
pub(crate) fn bare_profile() -> Profile {
    Profile {
        display_name: "<script>alert(1)</script> Maximilian-Konstantin von Hohenlohe".parse().unwrap(),
        given_name: None,
        family_name: None,
        pronouns: None,
        title: None,
        organisation: None,
        department: None,
        office: None,
        phones: Vec::new(),
        emails: Vec::new(),
        links: Vec::new(),
        address: None,
        locale: None,
        photo: None,
    }
}

pub(crate) fn card_of(profile: Profile) -> Card {
    Card {
        id: CardId::new(now(), &Sevens),
        public_id: PublicId::new(&Sevens),
        person: PersonId::new(now(), &Sevens),
        version: 3,
        profile,
        changed_at: now(),
    }
}

pub(crate) fn card() -> Card {
    card_of(profile())
}

pub(crate) fn purposes(locale: Locale) -> Vec<Purpose> {
    let (reply, invite) = match locale {
        Locale::Fr => (
            "But : répondre à votre demande.",
            "J’accepte de recevoir l’invitation aux rencontres export de {organisation}. Je peux changer d’avis à tout moment.",
        ),
        Locale::En => (
            "Purpose: to answer your request.",
            "I agree to be invited to the export meetings of {organisation}. I can change my mind at any time.",
        ),
    };
    let purpose = |key: &str, basis, text: &str| Purpose {
        id: PurposeId::new(now(), &Sevens),
        key: key.into(),
        basis,
        retention_months: 36,
        text_version: 1,
        text: text.into(),
    };
    vec![purpose("reply", LegalBasis::LegitimateInterest, reply), purpose("invitations", LegalBasis::Consent, invite)]
}

pub(crate) fn exchange(locale: Locale) -> Exchange {
    Exchange {
        card: card().into(),
        purposes: purposes(locale),
        idempotency_key: "0123456789abcdef".into(),
        rights_contact: "dpo@banque-garonne.example".parse().ok(),
        by_mail: true,
    }
}

pub(crate) fn typed() -> LeadForm {
    LeadForm {
        name: "Amélie Traoré".into(),
        email: "amelie.traore@atelier,fr".into(),
        phone: "06 12 34 56 78".into(),
        company: "Atelier du Canal".into(),
        message: "Suite à notre échange au Salon de Toulouse.".into(),
        consents: vec!["invitations".into()],
        idempotency_key: "0123456789abcdef".into(),
        website: String::new(),
    }
}

pub(crate) fn receipt(copied: bool) -> Receipt {
    Receipt { card: card().into(), lead: LeadId::new(now(), &Sevens), at: now(), copied }
}

pub(crate) fn summary(name: &str, title: &str, active: bool) -> PersonSummary {
    let mut profile = profile();
    profile.display_name = name.parse().unwrap();
    profile.title = title.parse().ok();
    PersonSummary {
        id: PersonId::new(now(), &Sevens),
        profile,
        active,
        card_active: title != "Conseillère",
        card: CardId::new(now(), &Sevens),
        public_id: PublicId::new(&Sevens),
        changed_at: now().plus_seconds(-7200),
    }
}

pub(crate) fn people() -> PeoplePage {
    PeoplePage {
        people: vec![
            summary("Karim Benali", "Chargé de clientèle", true),
            summary("Zoé Lefèvre-Núñez", "Directrice des financements d’exportation", true),
            summary("Inès Oyarzabal", "Conseillère", true),
            summary("Paul Vidal", "Juriste", false),
        ],
        total: 1204,
        is_least: false,
        conflicts: 3,
        cards_down: 1,
        changes: 2,
        next: Some("x".into()),
    }
}

pub(crate) fn group(name: &str, people: u64) -> GroupSummary {
    GroupSummary {
        id: GroupId::new(now(), &Sevens),
        source: SourceId::new(now(), &Sevens),
        source_name: "Annuaire RH".into(),
        name: name.into(),
        people,
    }
}

pub(crate) fn groups() -> GroupPage {
    GroupPage {
        groups: vec![group("Financements d’exportation", 17), group("Tous les salariés", 1204)],
        total: 62,
        next: Some("x".into()),
    }
}

pub(crate) fn person(active: bool) -> PersonDetail {
    let summary = summary("Zoé Lefèvre-Núñez", "Directrice des financements d’exportation", active);
    PersonDetail {
        made: ownership::plain(&summary.profile),
        summary,
        identities: vec![("Annuaire RH".into(), "uid=zlefevre,ou=Toulouse".into())],
        groups: vec![group("Tous les salariés", 1204), group("Financements d’exportation", 17)],
        leads: Some(38),
    }
}

pub(crate) fn overview(name: &str, state: Option<RunState>) -> SourceOverview {
    SourceOverview {
        source: Source {
            id: SourceId::new(now(), &Sevens),
            name: name.into(),
            connector: ConnectorSpec {
                plugin: "directory-file".into(),
                config: BTreeMap::from([("format".into(), "ldif".into())]),
                inputs: BTreeMap::from([("file".into(), "/srv/annuaire/export.ldif".into())]),
            },
            every_minutes: Some(60),
            mapping: Mapping::default(),
            created_at: now(),
        },
        people: 1204,
        last_run: state.map(|state| (RunId::new(now(), &Sevens), state, now().plus_seconds(-720))),
        ending: None,
        organisation: None,
    }
}

pub(crate) fn run(state: RunState, hold: Option<HoldReason>) -> Run {
    let failed = state == RunState::Failed;
    Run {
        id: RunId::new(now(), &Sevens),
        source: SourceId::new(now(), &Sevens),
        source_name: "Annuaire RH".into(),
        state,
        mode: SyncMode::Full,
        hold,
        counts: RunCounts { created: 9, changed: 31, disabled: 146, unchanged: 1018, refused: 2 },
        known_active: 1204,
        groups: GroupCounts { created: 2, changed: 5, gone: 12, unchanged: 40 },
        known_groups: 57,
        failure: failed.then(|| ("not-found".into(), "/srv/annuaire/export.ldif: no such file".into())),
        started_at: now().plus_seconds(-720),
        ended_at: (!state.is_open()).then(|| now().plus_seconds(-600)),
    }
}

pub(crate) fn lead(erased: bool) -> Lead {
    let mut form = typed();
    form.email = "amelie.traore@atelier.fr".into();
    let details: LeadDetails = form.parse().unwrap();
    Lead {
        id: LeadId::new(now(), &Sevens),
        subject: SubjectId::new(now(), &Sevens),
        card: CardId::new(now(), &Sevens),
        person: PersonId::new(now(), &Sevens),
        person_name: "Zoé Lefèvre-Núñez".into(),
        details: (!erased).then_some(details),
        received_at: now().plus_seconds(-3700),
    }
}

pub(crate) fn leads() -> LeadPage {
    let of_nobody = Lead { person_name: String::new(), ..lead(false) };
    LeadPage { leads: vec![lead(false), lead(true), of_nobody], consents: BTreeMap::new(), total: 3, next: None }
}

pub(crate) fn mail(state: JobState) -> MailEntry {
    MailEntry {
        job: JobId::new(now(), &Sevens),
        about: Occasion::Lead(
            if state == JobState::Done { LeadMail::Notice } else { LeadMail::Acknowledgement },
            LeadId::new(now(), &Sevens),
        ),
        state,
        attempts: 8,
        next_at: now(),
        last_error: (state == JobState::Dead).then(|| "550 5.1.1 at RCPT TO".into()),
    }
}

pub(crate) fn outage() -> MailOutage {
    MailOutage {
        since: now().plus_seconds(-9000),
        fault: ServerFault::Connection,
        detail: "the connection was refused".into(),
    }
}

pub(crate) fn outbox() -> Outbox {
    let entry = |state| OutboxEntry {
        mail: mail(state),
        since: now().plus_seconds(-90_000),
        given_up_at: (state == JobState::Dead).then(|| now().plus_seconds(-3600)),
    };
    Outbox {
        outage: Some(outage()),
        waiting_count: 1,
        dead_count: 1,
        waiting: vec![entry(JobState::Waiting)],
        dead: vec![entry(JobState::Dead)],
    }
}

pub(crate) fn lead_detail(erased: bool) -> LeadDetail {
    let consent = |purpose: &Purpose| ConsentRecord {
        purpose: purpose.key.clone(),
        basis: purpose.basis,
        granted: true,
        text_version: 1,
        wording: purpose.wording(HOST),
        locale: Locale::Fr,
        at: now(),
        channel: "card-form".into(),
    };
    LeadDetail {
        lead: lead(erased),
        consents: purposes(Locale::Fr).iter().map(consent).collect(),
        mails: vec![mail(JobState::Done), mail(JobState::Dead)],
    }
}

pub(crate) fn plugins() -> Vec<PluginEntry> {
    vec![PluginEntry {
        info: PluginInfo {
            kind: PluginKind::Connector,
            offers: std::collections::BTreeSet::default(),
            provider: estampe_domain::manifest::ProviderAsk::default(),
            asks: Asks::default(),
            id: "directory-file".into(),
            version: "0.1.0".into(),
            contract: "0.1".into(),
            description: BTreeMap::from([
                ("fr".into(), "Annuaire dans un fichier CSV ou LDIF".into()),
                ("en".into(), "Directory in a CSV or LDIF file".into()),
            ]),
            license: "Apache-2.0".into(),
            inputs: vec![PluginInput { name: "file".into(), description: BTreeMap::new() }],
            config: extensions::config(),
        },
    }]
}

pub(crate) fn probes() -> Vec<Probe> {
    vec![
        Probe { name: "file".into(), passed: true, detail: "/srv/annuaire/export.ldif, 4.2 MB".into() },
        Probe { name: "columns".into(), passed: false, detail: "there is no column “mail”".into() },
    ]
}

pub(crate) fn home(quiet: bool) -> Home {
    let attention = vec![
        Attention::RunHeld(run(RunState::Held, Some(HoldReason::TooManyGone))),
        Attention::RunFailed(run(RunState::Failed, None)),
        Attention::Conflicts(3),
        Attention::SecondLook(2),
        Attention::PublicationStands(publications::paused("auth")),
        Attention::PublicationStands(publications::planned()),
        Attention::SignaturesDrifted(publications::drifted()),
        Attention::DeadMail(4),
        Attention::MailOutage(outage(), 14),
        Attention::PluginProblem("entra-id".into(), "it was built for contract 0.2".into()),
        Attention::PluginWaits("ldap".into(), "1.3.0".into()),
        Attention::RunHeld(run(RunState::Held, Some(HoldReason::PlanOnly))),
        Attention::NoMailServer(2),
        Attention::NoSource,
        Attention::BackupStands(Some(Ts::from_micros(1_763_900_000_000_000))),
        Attention::NoBackups,
        Attention::FirstBackup,
        Attention::BackupDrill(None),
        Attention::BackupDrill(Some(Ts::from_micros(1_753_900_000_000_000))),
        Attention::KeyNotCopied,
        Attention::Held(Ts::from_micros(1_763_900_000_000_000)),
        Attention::NoOrganisation,
        Attention::DiskLow { free: 412_000_000, total: 42_000_000_000 },
    ];
    Home {
        attention: if quiet { Vec::new() } else { attention },
        cards: 1198,
        people: 1204,
        leads_30_days: 412,
        mails_waiting: 0,
        sources: vec![
            overview("Annuaire RH", Some(RunState::Held)),
            overview("Filiale Pau", Some(RunState::Done)),
            overview("Entra ID", None),
        ],
    }
}
