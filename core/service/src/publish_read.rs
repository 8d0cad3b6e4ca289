//! What a plan says of one mailbox: whose it is, what stands there, and what is to. Nothing is written
//! by it.

use estampe_domain::plugin::Given;
use estampe_domain::signature::publication::{
    LineState, Publication, PublicationKind, PublicationLine, code, own_address,
};
use estampe_domain::signature::{fingerprint, is_same};
use estampe_domain::source::Source;
use estampe_domain::{Context, Error, PersonId, Result};

use crate::Service;
use crate::publish_line::{Backup, Became};

impl Service {
    /// What the plan says of a mailbox.
    pub(crate) async fn plan_line(
        &self,
        ctx: &Context,
        publication: &Publication,
        source: &Source,
        given: &Given,
        line: &mut PublicationLine,
    ) -> Result<(Became, Backup)> {
        let publishes = publication.kind == PublicationKind::Publish;
        let left = if publishes { self.meant(ctx, publication, source, line).await? } else { None };
        if let Some(left) = left {
            return Ok((left, Backup::Stays));
        }
        let senders = match self.read_mailbox(source, given, &line.content.mailbox).await? {
            Ok(senders) => senders,
            Err(failure) => return Ok((Became::Failed(failure), Backup::Stays)),
        };
        let content = &mut line.content;
        let sender = if publishes {
            own_address(&senders, &content.mailbox)
        } else {
            senders.iter().find(|sender| sender.address.eq_ignore_ascii_case(&content.address))
        };
        let Some(sender) = sender else { return Ok(((LineState::Failed, code::NO_ADDRESS).into(), Backup::Stays)) };
        sender.address.clone_into(&mut content.address);
        content.found = Some(sender.signature.clone());
        if !publishes {
            return self.compared(publication.kind, source, line, &sender.signature).await;
        }
        Ok(match &content.wanted {
            // a push of before whose answer never came
            Some(wanted) if is_same(wanted, &sender.signature) => {
                (LineState::Unchanged.into(), Backup::Written(fingerprint(&sender.signature)))
            }
            _ => (LineState::Planned.into(), Backup::Stays),
        })
    }

    /// The mailbox and the signature that somebody is to get; why they get none otherwise.
    async fn meant(
        &self,
        ctx: &Context,
        publication: &Publication,
        source: &Source,
        line: &mut PublicationLine,
    ) -> Result<Option<Became>> {
        let detail = match self.signature_of(ctx, line.person, publication.day).await {
            Ok(detail) if detail.person.active => detail,
            Ok(_) | Err(Error::NotFound) => return Ok(Some((LineState::Skipped, code::GONE).into())),
            Err(other) => return Err(other),
        };
        let Some(mailbox) = self.mailbox_of(source, line.person).await? else {
            return Ok(Some((LineState::Skipped, code::NO_ADDRESS).into()));
        };
        line.content.mailbox = mailbox;
        Ok(match detail.made {
            None => Some((LineState::Skipped, code::NO_SIGNATURE).into()),
            Some(Err(_)) => Some((LineState::Failed, code::TEMPLATE).into()),
            Some(Ok(made)) => {
                line.content.wanted = Some(made.html);
                None
            }
        })
    }

    /// Whose mailbox is meant is what a directory says, never what somebody entered: by a typed
    /// address a signature would go into anybody's mailbox. The directory is the publication's own
    /// source; where that tells of nobody, the one that the person comes from.
    async fn mailbox_of(&self, source: &Source, person: PersonId) -> Result<Option<String>> {
        let (id, connector) = (source.id, source.connector.clone());
        let said = self.store.read(move |tx| {
            if let Some(said) = tx.said_by(id, person)? {
                return Ok(Some(said));
            }
            let plugin = tx.installed_plugin(&connector.plugin)?.and_then(|plugin| plugin.current);
            if plugin.is_none_or(|version| version.info.tells_of_people(&connector.config)) {
                return Ok(None);
            }
            Ok(tx.made(person)?.and_then(|(_, made)| made.origin).map(|origin| origin.said))
        });
        Ok(said.await?.and_then(|said| said.emails.first().map(|email| email.as_str().to_owned())))
    }

    /// What stands in a mailbox beside what was written there, or stood there before.
    async fn compared(
        &self,
        kind: PublicationKind,
        source: &Source,
        line: &mut PublicationLine,
        now: &str,
    ) -> Result<(Became, Backup)> {
        let (id, address) = (source.id, line.content.address.clone());
        let Some(backup) = self.store.read(move |tx| tx.mailbox_backup(id, &address)).await? else {
            return Ok(((LineState::Skipped, code::GONE).into(), Backup::Stays));
        };
        let is_ours = backup.is_ours(now);
        let is_unsure = backup.written.is_none() && !is_ours;
        if kind == PublicationKind::Restore {
            if is_unsure && backup.before != now {
                return Ok(((LineState::Skipped, code::UNSURE).into(), Backup::Stays));
            }
            line.content.wanted = Some(backup.before);
            return Ok((LineState::Planned.into(), Backup::Stays));
        }
        Ok(match (is_ours, is_unsure) {
            (true, _) => (LineState::Unchanged.into(), Backup::Written(fingerprint(now))),
            (_, true) => ((LineState::Skipped, code::UNSURE).into(), Backup::Stays),
            _ => (LineState::Drifted.into(), Backup::Stays),
        })
    }
}
