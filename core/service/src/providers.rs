//! Sign-in providers, as whoever administrates accounts sets them.

use estampe_domain::access::Roles;
use estampe_domain::approval::Act;
use estampe_domain::audit::AuditEvent;
use estampe_domain::credential::Secret;
use estampe_domain::ids::{GroupId, ProviderId, SourceId};
use estampe_domain::openid::{OpenIdFound, ProofReason};
use estampe_domain::provider::{FormProblem, FormProblems, Provider, ProviderForm, ProviderKind, ReadForm};
use estampe_domain::{Context, Error, Result, Right};
use estampe_store::{GroupQuery, Tx};
use serde_json::json;

use crate::Service;
use crate::identities::follow;

/// A provider as whoever administrates it sees it.
#[derive(Clone, Debug)]
pub struct ProviderDetail {
    /// The provider.
    pub provider: Provider,
    /// Its settings as they are typed.
    pub form: ProviderForm,
    /// Whether our secret there is set.
    pub has_secret: bool,
    /// What it has to be told: where it sends browsers back to.
    pub redirect: Option<String>,
}

/// What became of a form.
#[derive(Debug)]
pub enum ProviderSaved {
    /// It is kept.
    Done(Box<Provider>),
    /// Something is wrong with it.
    Problems(FormProblems),
}

/// What becomes of our secret at a provider.
pub(crate) enum GivenSecret {
    /// It stays, where the provider does.
    Keep,
    /// This one from now on; an empty one takes it away.
    Set(Secret),
    /// Where the provider is another one from now on, there is none until it is given anew.
    Forget,
}

impl GivenSecret {
    fn of(secret: Option<Secret>) -> Self {
        secret.map_or(Self::Keep, Self::Set)
    }
}

/// What a transaction made of a form.
enum Saving {
    Done(ProviderSaved),
    /// Nothing yet: another administrator has to agree.
    Waits {
        drops_secret: bool,
    },
}

/// What a try of a provider found.
#[derive(Clone, Debug)]
pub enum ProviderTried {
    /// It can be used, as far as can be seen without signing in.
    Good(OpenIdFound),
    /// It cannot: why, and in more words.
    Bad(ProofReason, String),
    /// It is a directory: what tries its source tries it.
    Directory(String),
}

impl Service {
    /// Every provider, by name.
    pub async fn providers(&self, ctx: &Context) -> Result<Vec<ProviderDetail>> {
        ctx.require(Right::AccountsRead)?;
        let origin = self.settings.internal_origin.clone();
        Ok(self
            .store
            .read(move |tx| tx.providers()?.into_iter().map(|provider| detail(tx, provider, &origin)).collect())
            .await?)
    }

    /// One provider.
    pub async fn provider(&self, ctx: &Context, name: &str) -> Result<ProviderDetail> {
        ctx.require(Right::AccountsRead)?;
        let (name, origin) = (name.to_owned(), self.settings.internal_origin.clone());
        let found = self.store.read(move |tx| {
            let Some(provider) = tx.provider_by_name(&name)? else { return Ok(None) };
            detail(tx, provider, &origin).map(Some)
        });
        found.await?.ok_or(Error::NotFound)
    }

    /// Adds a provider.
    pub async fn add_provider(
        &self,
        ctx: &Context,
        form: &ProviderForm,
        secret: Option<Secret>,
    ) -> Result<ProviderSaved> {
        self.save_provider(ctx, None, form, GivenSecret::of(secret)).await
    }

    /// Writes a provider's settings anew. The secret stays unless another one is given; an empty
    /// one takes it away.
    pub async fn set_provider(
        &self,
        ctx: &Context,
        name: &str,
        form: &ProviderForm,
        secret: Option<Secret>,
    ) -> Result<ProviderSaved> {
        self.save_provider(ctx, Some(name.to_owned()), form, GivenSecret::of(secret)).await
    }

    /// Writes a provider, or asks for a second look at it.
    pub(crate) async fn save_provider(
        &self,
        ctx: &Context,
        of: Option<String>,
        form: &ProviderForm,
        given: GivenSecret,
    ) -> Result<ProviderSaved> {
        ctx.require(Right::AccountsChange)?;
        ctx.require_recent()?;
        let read = match form.read() {
            Ok(read) => read,
            Err(problems) => return Ok(ProviderSaved::Problems(problems)),
        };
        let waits = self.needs_second_look(ctx);
        let (ctx, random, origin) = (*ctx, self.shared_random(), self.settings.internal_origin.clone());
        let (fresh, named, typed) = (ProviderId::new(ctx.now, self.random()), of.clone(), form.clone());
        let saved = self.store.write(move |tx| {
            tx.lock_accounts(ctx.now)?;
            let before = match &named {
                Some(name) => Some(tx.provider_by_name(name)?.ok_or(Error::NotFound)?),
                None => None,
            };
            let (id, created_at) = before.as_ref().map_or((fresh, ctx.now), |before| (before.id, before.created_at));
            // nobody is asked about what cannot be
            let provider = match resolved(tx, read, typed.source.trim(), id)? {
                Ok(provider) => Provider { created_at, ..provider },
                Err(problems) => return Ok(Saving::Done(ProviderSaved::Problems(problems))),
            };
            let had = tx.provider_secret(id)?.is_some();
            let moved = before.as_ref().is_some_and(|before| before.issuer() != provider.issuer());
            if waits && changes_more(tx, before.as_ref(), &typed, &origin)? {
                return Ok(Saving::Waits { drops_secret: moved && had });
            }
            // what was given to one is not shown to another
            if moved && had && matches!(given, GivenSecret::Keep) {
                return Ok(Saving::Done(ProviderSaved::Problems(vec![("client-secret", FormProblem::Again)])));
            }
            match &before {
                None => tx.insert_provider(&provider)?,
                Some(before) => {
                    tx.update_provider(&provider)?;
                    if moved {
                        tx.drop_identities_of_issuer(&before.issuer())?;
                    }
                }
            }
            match &given {
                GivenSecret::Set(secret) => {
                    tx.set_provider_secret(id, Some(secret).filter(|secret| !secret.reveal().is_empty()))?;
                }
                // what was asked for was said of this move alone
                GivenSecret::Forget if moved => tx.set_provider_secret(id, None)?,
                GivenSecret::Forget | GivenSecret::Keep => {}
            }
            if provider.is_directory() {
                tx.set_provider_secret(id, None)?;
            }
            let operation = if before.is_some() { "provider.change" } else { "provider.add" };
            let event = AuditEvent::done(&ctx, &*random, operation, "provider", id);
            let details = json!({
                "name": provider.name, "issuer": provider.issuer(), "create": provider.coming.create,
                "rules": provider.coming.rules.len(), "secret": matches!(given, GivenSecret::Set(_)),
                "secret_dropped": moved && had && matches!(given, GivenSecret::Forget),
            });
            tx.audit(&event.with(details))?;
            Ok(Saving::Done(ProviderSaved::Done(Box::new(provider))))
        });
        match saved.await? {
            Saving::Done(saved) => Ok(saved),
            Saving::Waits { drops_secret } => {
                let form = Box::new(form.clone());
                self.second_look(&ctx, || Act::SetProvider { of, form, drops_secret }).await?;
                Err(Error::Internal("nothing was written, and nothing waits".into()))
            }
        }
    }

    /// Removes a provider: nobody comes from there any more, and what its rules gave is gone.
    pub async fn remove_provider(&self, ctx: &Context, name: &str) -> Result<()> {
        ctx.require(Right::AccountsChange)?;
        ctx.require_recent()?;
        let (ctx, random, name) = (*ctx, self.shared_random(), name.to_owned());
        let removed = self.store.write(move |tx| {
            tx.lock_accounts(ctx.now)?;
            let provider = tx.provider_by_name(&name)?.ok_or(Error::NotFound)?;
            for account in tx.accounts_mapped_by(provider.id)? {
                let Some((account, _)) = tx.account(account)? else { continue };
                follow(tx, &ctx, &*random, (&account, &provider), Roles::NONE)?;
            }
            let identities = tx.drop_identities_of_issuer(&provider.issuer())?;
            tx.delete_provider(provider.id)?;
            let event = AuditEvent::done(&ctx, &*random, "provider.remove", "provider", provider.id);
            tx.audit(&event.with(json!({"name": provider.name, "identities": identities})))
        });
        Ok(removed.await?)
    }

    /// Asks a provider for what it says of itself.
    pub async fn check_provider(&self, ctx: &Context, name: &str) -> Result<ProviderTried> {
        ctx.require(Right::AccountsChange)?;
        ctx.require_recent()?;
        let detail = self.provider(ctx, name).await?;
        let Some(party) = self.party(&detail.provider).await? else {
            return Ok(ProviderTried::Directory(detail.form.source));
        };
        Ok(match self.ports.open_id.look(&party, ctx.now).await {
            Ok(found) => ProviderTried::Good(found),
            Err(refusal) => ProviderTried::Bad(refusal.reason, refusal.detail),
        })
    }
}

/// Whether a form changes more than our secret, which alone lets nobody else in.
fn changes_more(
    tx: &mut Tx<'_>,
    before: Option<&Provider>,
    form: &ProviderForm,
    origin: &str,
) -> estampe_store::Result<bool> {
    let Some(before) = before else { return Ok(true) };
    let before = detail(tx, before.clone(), origin)?.form;
    Ok(before.source != form.source.trim() || before.read() != form.read())
}

fn detail(tx: &mut Tx<'_>, provider: Provider, origin: &str) -> estampe_store::Result<ProviderDetail> {
    let has_secret = tx.provider_secret(provider.id)?.is_some();
    let mut form = provider.form();
    if let ProviderKind::Directory { source } = provider.kind {
        let found = tx.source_overviews()?.into_iter().find(|found| found.source.id == source);
        form.source = found.map(|found| found.source.name).unwrap_or_default();
        let mut lines = Vec::new();
        for rule in &provider.coming.rules {
            lines.push(format!("{}={}", group_name(tx, source, &rule.group)?, rule.role.as_str()));
        }
        form.rules = lines.join("\n");
    }
    let redirect = (!provider.is_directory()).then(|| format!("{origin}{}", crate::sign_in_with::BACK));
    Ok(ProviderDetail { provider, form, has_secret, redirect })
}

/// A group by its name where nobody else in the source has it, else by its id.
fn group_name(tx: &mut Tx<'_>, source: SourceId, text: &str) -> estampe_store::Result<String> {
    let Ok(id) = text.parse::<GroupId>() else { return Ok(text.to_owned()) };
    let Some((group, _)) = tx.group(id)? else { return Ok(text.to_owned()) };
    let alike =
        tx.groups(&GroupQuery { source: Some(source), name: Some(group.name.clone()), after: None, limit: 2 })?;
    Ok(if alike.len() == 1 { group.name } else { text.to_owned() })
}

/// What of a form has to be looked up.
fn resolved(
    tx: &mut Tx<'_>,
    read: ReadForm,
    source_name: &str,
    id: ProviderId,
) -> estampe_store::Result<Result<Provider, FormProblems>> {
    let ReadForm { name, label, open_id, mut coming } = read;
    let kind = match open_id {
        Some(settings) => ProviderKind::OpenId(settings),
        None => match tx.source_by_name(source_name)? {
            Some(source) => ProviderKind::Directory { source: source.id },
            None => return Ok(Err(vec![("source", FormProblem::Source)])),
        },
    };
    if let ProviderKind::Directory { source } = kind {
        for rule in &mut coming.rules {
            match group_of(tx, source, &rule.group)? {
                Some(group) => rule.group = group.to_string(),
                None => return Ok(Err(vec![("rules", FormProblem::Group)])),
            }
        }
    }
    let created_at = tx.now();
    let provider = Provider { id, name, label, kind, coming, created_at };
    let field = if provider.is_directory() { "source" } else { "issuer" };
    for other in tx.providers()?.iter().filter(|other| other.id != id) {
        if other.name == provider.name {
            return Ok(Err(vec![("name", FormProblem::Taken)]));
        }
        // whose identities are whose would be anybody's guess
        if other.issuer() == provider.issuer() {
            return Ok(Err(vec![(field, FormProblem::Taken)]));
        }
    }
    Ok(Ok(provider))
}

/// The group of a source that a rule means. Its id is kept: a name may become another group's.
fn group_of(tx: &mut Tx<'_>, source: SourceId, text: &str) -> estampe_store::Result<Option<GroupId>> {
    if let Ok(id) = text.parse::<GroupId>() {
        return Ok(tx.group(id)?.filter(|(group, _)| group.source == source).map(|_| id));
    }
    let found = tx.groups(&GroupQuery { source: Some(source), name: Some(text.to_owned()), after: None, limit: 2 })?;
    Ok(match found.as_slice() {
        [(group, _)] => Some(group.id),
        _ => None,
    })
}
