//! Groups that are made and changed in the directory of a source, at once: the next run of the
//! source brings what came of it. No group is deleted, and nobody.

use estampe_domain::audit::AuditEvent;
use estampe_domain::group::GroupWrite;
use estampe_domain::ids::{GroupId, PersonId};
use estampe_domain::plugin::PluginFailure;
use estampe_domain::source::Source;
use estampe_domain::text::Line;
use estampe_domain::{Context, Error, Result, Right};
use estampe_store::Tx;
use serde_json::json;

use crate::Service;

/// What is to be done to a group.
#[derive(Clone, Debug)]
pub enum GroupOrder {
    /// Make one.
    Create {
        /// The name of the source.
        source: String,
        /// Its name.
        name: String,
    },
    /// Give one another name.
    Rename {
        /// Which.
        group: GroupId,
        /// Its new name.
        name: String,
    },
    /// Put somebody into one, or take them out.
    Member {
        /// Which.
        group: GroupId,
        /// Who.
        person: PersonId,
        /// Whether they come.
        joins: bool,
    },
}

/// An order as its directory understands it, and how it is noted.
struct Ready {
    source: Source,
    write: GroupWrite,
    operation: &'static str,
    object: (&'static str, String),
    /// The group, where there is one already.
    group: Option<GroupId>,
}

impl Service {
    /// Makes or changes a group in the directory of its source; gives the id there of one that was
    /// made. Where sensitive acts need a second administrator it is root's alone.
    pub async fn write_group(&self, ctx: &Context, order: GroupOrder) -> Result<Option<String>> {
        ctx.require(Right::PeopleChange)?;
        ctx.require_recent()?;
        if self.needs_second_look(ctx) {
            return Err(Error::Forbidden);
        }
        let ready = self.store.read(move |tx| ready(tx, order)).await?;
        let given = self.given(&ready.source, false).await?;
        // before it is done: what a stop leaves open is known
        self.note_group(ctx, "group.directory-write", &ready, None).await?;
        let done = self.ports.write_groups.write_group(&ready.source.connector, &given, &ready.write).await;
        self.note_call(&ready.source.connector.plugin, done.as_ref().err()).await?;
        self.note_group(ctx, ready.operation, &ready, Some(&done)).await?;
        Ok(done?)
    }

    /// Notes that it begins, or how it ended: of whom and of which group, and which was made.
    async fn note_group(
        &self,
        ctx: &Context,
        operation: &'static str,
        ready: &Ready,
        done: Option<&std::result::Result<Option<String>, PluginFailure>>,
    ) -> Result<()> {
        let (kind, reference) = ready.object.clone();
        let made = done.and_then(|done| done.as_ref().ok()).and_then(Option::as_ref);
        let details = json!({
            "source": ready.source.id, "what": ready.operation, "group": ready.group, "made": made,
        });
        let event = AuditEvent::done(ctx, self.random(), operation, kind, reference).with(details);
        let event = if matches!(done, Some(Err(_))) { event.refused() } else { event };
        Ok(self.store.write(move |tx| tx.audit(&event)).await?)
    }
}

fn ready(tx: &mut Tx<'_>, order: GroupOrder) -> estampe_store::Result<Ready> {
    let named = |name: String| {
        let name: std::result::Result<Line, _> = name.parse();
        name.map(|name| name.to_string()).map_err(|problem| Error::invalid("name", format!("{problem}")))
    };
    let (source, write, operation, object, known) = match order {
        GroupOrder::Create { source, name } => {
            let source = tx.source_by_name(&source)?.ok_or(Error::NotFound)?;
            let object = ("source", source.id.to_string());
            (source, GroupWrite::Create { name: named(name)? }, "group.directory-create", object, None)
        }
        GroupOrder::Rename { group, name } => {
            let (source, external_id) = tx.group_place(group)?.ok_or(Error::NotFound)?;
            let write = GroupWrite::Rename { group: external_id, name: named(name)? };
            (tx.source(source)?, write, "group.directory-rename", ("group", group.to_string()), Some(group))
        }
        GroupOrder::Member { group, person, joins } => {
            let (source, external_id) = tx.group_place(group)?.ok_or(Error::NotFound)?;
            let known = tx.external_id_of(person, source)?;
            let person_there =
                known.ok_or_else(|| Error::invalid("person", "the source of this group does not know them"))?;
            let (write, operation) = if joins {
                (GroupWrite::Add { group: external_id, person: person_there }, "group.directory-join")
            } else {
                (GroupWrite::Remove { group: external_id, person: person_there }, "group.directory-leave")
            };
            (tx.source(source)?, write, operation, ("person", person.to_string()), Some(group))
        }
    };
    tx.ensure_stays(source.id)?;
    Ok(Ready { source, write, operation, object, group: known })
}
