//! Ports: what the domain needs from the world, made real by the outer crates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use ipnet::IpNet;

pub use crate::backup::Backups;
use crate::bundle::{BundleFacts, BundleRefusal, PluginUsage};
use crate::credential::Secret;
use crate::egress::{Attached, HttpRequest, HttpResponse};
use crate::group::GroupWrite;
use crate::ids::AccountId;
use crate::ldap::examine::{Examination, ServerReport};
use crate::ldap::sign_in::{LoginFound, Verdict};
use crate::ldap::{LdapAccess, LdapChanges, LdapEntry, LdapPage, LdapQuery, LdapTrack};
use crate::mail::{MailFailure, OutgoingMail};
use crate::manifest::PermissionCheck;
use crate::openid::{OpenIdBack, OpenIdClaims, OpenIdFound, OpenIdParty, OpenIdRefusal, OpenIdSecrets, OpenIdStart};
use crate::plugin::{
    AttributeValue, ConnectorSpec, FailKind, Given, MailSender, Page, PluginFailure, PluginInfo, Probe,
    ProviderOrganisation, SyncCall,
};
use crate::signature::{MadePicture, PictureProblem, Signature, SignatureInput};
use crate::time::Ts;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// This moment.
    fn now(&self) -> Ts;
}

/// Gives random bytes fit for keys.
pub trait Random: Send + Sync {
    /// Fills `bytes`. Never fails: without randomness the process stops.
    fn fill(&self, bytes: &mut [u8]);
}

/// What a browser is asked with, and what stays here until it answers. Both are JSON; the state
/// is for nobody else's eyes.
#[derive(Clone, Debug)]
pub struct Ceremony {
    /// `PublicKeyCredentialCreationOptions` or `PublicKeyCredentialRequestOptions` (WebAuthn 3,
    /// 5.4 and 5.5), in their JSON forms.
    pub options: String,
    /// What the answer is checked by.
    pub state: String,
}

/// A passkey that somebody added.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// Its credential id, base64url.
    pub credential: String,
    /// What it is checked by, JSON.
    pub passkey: String,
}

/// A passkey that was used.
#[derive(Clone, Debug)]
pub struct UsedPasskey {
    /// Its credential id, base64url.
    pub credential: String,
    /// What it is checked by from now on, where that changed.
    pub passkey: Option<String>,
}

/// Asks browsers for passkeys and checks what they answer (WebAuthn Level 3). The holder is
/// always verified by the device. Errors are words for a log.
pub trait Passkeys: Send + Sync {
    /// Whether the console's address can have any: a name, not a bare address (WebAuthn 3, 5.1.2).
    fn can_be(&self) -> bool;
    /// Asks for a new passkey, of none of those that are known.
    fn begin_registration(
        &self,
        whose: AccountId,
        name: &str,
        shown: &str,
        known: &[String],
    ) -> Result<Ceremony, String>;
    /// Checks the new passkey.
    fn finish_registration(&self, state: &str, answer: &str) -> Result<NewPasskey, String>;
    /// Asks for one of these passkeys; for any of this house when there are none.
    fn begin_use(&self, passkeys: &[String]) -> Result<Ceremony, String>;
    /// Whose a passkey says that it is; nothing is checked yet.
    fn whose(&self, answer: &str) -> Result<AccountId, String>;
    /// Checks the answer of one of these passkeys. `any` says that it was asked for any.
    fn finish_use(&self, state: &str, answer: &str, passkeys: &[String], any: bool) -> Result<UsedPasskey, String>;
}

/// Knows passwords that were taken from other services.
pub trait Breaches: Send + Sync {
    /// Whether this one is among them. Reads a file: not for a thread that others wait for. The
    /// error is in words and names no password.
    fn has(&self, password: &str) -> Result<bool, String>;
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands one mail to the next server. `Ok` when that server took it.
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailFailure>;
    /// Tries whether that server can be used, without a mail.
    async fn probe(&self) -> Result<(), MailFailure>;
}

/// Keeps a secret of one source that another took the place of.
#[async_trait]
pub trait SecretKeeper: Send + Sync {
    /// Writes `new` where one of `old` stands. Where something else stands by now, an
    /// administrator put it there, and it stays: `false`. The error is in words and names no
    /// secret.
    async fn replace(&self, key: &str, old: &[Secret], new: &Secret) -> Result<bool, String>;
}

/// Makes plugins callable: reads their bundles, compiles, loads and drops them. Errors are
/// words for an administrator, beginning with "it".
#[async_trait]
pub trait Plugins: Send + Sync {
    /// Reads a bundle and its signature; nothing of it is run.
    async fn inspect(&self, bundle: Arc<[u8]>) -> Result<BundleFacts, String>;
    /// The same, and compiles it and looks whether it fits the contract.
    async fn prove(&self, bundle: Arc<[u8]>) -> Result<BundleFacts, BundleRefusal>;
    /// Makes it callable, in the place of whatever version of it was. Calls under way end
    /// with the version that they began with.
    async fn activate(&self, bundle: Arc<[u8]>) -> Result<BundleFacts, String>;
    /// The bundle (SHA-256, hexadecimal) that this plugin is callable from.
    fn active(&self, plugin: &str) -> Option<String>;
    /// What it used since it was loaded.
    fn usage(&self, plugin: &str) -> Option<PluginUsage>;
    /// Makes it callable no longer.
    fn deactivate(&self, plugin: &str);
    /// Bundles that lie ready to be installed, and what is wrong with others.
    async fn offered(&self) -> Offered;
    /// All is loaded that will be: what else was compiled once can be forgotten.
    async fn settled(&self);
}

/// Bundles that lie ready to be installed.
#[derive(Clone, Debug, Default)]
pub struct Offered {
    /// Those that can be read.
    pub bundles: Vec<(BundleFacts, Arc<[u8]>)>,
    /// Where something is wrong, and what.
    pub problems: Vec<String>,
}

/// Asks connectors about people.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The plugins that can be used.
    fn plugins(&self) -> Vec<PluginInfo>;
    /// Lets a connector try what it needs.
    async fn check(&self, connector: &ConnectorSpec, given: &Given) -> Result<Vec<Probe>, PluginFailure>;
    /// The same, and what the tokens of its credentials allow.
    async fn check_permissions(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
    ) -> Result<PermissionCheck, PluginFailure> {
        Ok(PermissionCheck { probes: self.check(connector, given).await?, standings: Vec::new() })
    }
    /// Gives back and forgets the tokens of a source's credentials.
    async fn give_back(&self, _connector: &ConnectorSpec, _given: &Given) {}
    /// Fetches one page.
    async fn sync_page(&self, call: SyncCall) -> Result<Page, PluginFailure>;
    /// What the directory of a source has for a name that somebody typed. The host asks by
    /// itself: no plugin sees the name.
    async fn find_login(
        &self,
        _connector: &ConnectorSpec,
        _given: &Given,
        _login: &str,
        _now: Ts,
    ) -> Result<LoginFound, PluginFailure> {
        Err(no_directory())
    }
    /// How that directory answers a typed password for this entry; without one, for a name
    /// that nobody has, which takes as long.
    async fn bind_login(
        &self,
        _connector: &ConnectorSpec,
        _given: &Given,
        _dn: Option<&str>,
        _password: &Secret,
    ) -> Result<Verdict, PluginFailure> {
        Err(no_directory())
    }
    /// Looks at that directory and at each of its servers; none when the connector has none.
    async fn examine(&self, _connector: &ConnectorSpec, _given: &Given) -> Option<Examination> {
        None
    }
}

fn no_directory() -> PluginFailure {
    PluginFailure::new(FailKind::Unsupported, "this source has no directory that anybody signs in by")
}

/// Providers of e-mail that keep the signatures of mailboxes. `unsupported` of a plugin that
/// does not offer it.
#[async_trait]
pub trait Mailboxes: Send + Sync {
    /// What a mailbox sends from, with what stands there. Changes nothing.
    async fn read_signatures(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        mailbox: &str,
    ) -> Result<Vec<MailSender>, PluginFailure>;

    /// Sets the signature of one address; empty takes it away. Gives what the provider has
    /// then: many rewrite the HTML. Done twice it comes to the same.
    async fn push_signature(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        mailbox: &str,
        address: &str,
        signature: &str,
    ) -> Result<String, PluginFailure>;
}

/// What providers say of the organisation. `unsupported` of a plugin that does not offer it.
#[async_trait]
pub trait Organisations: Send + Sync {
    /// Which organisation the credentials belong to.
    async fn about(&self, connector: &ConnectorSpec, given: &Given) -> Result<ProviderOrganisation, PluginFailure>;

    /// Whether somebody administers it there, by their address or their id of the provider.
    async fn administers(&self, connector: &ConnectorSpec, given: &Given, user: &str) -> Result<bool, PluginFailure>;
}

/// Directories in which fields of people are set. `unsupported` of a plugin that does not offer
/// it, `denied` where it may not set one of the fields.
#[async_trait]
pub trait WriteBack: Send + Sync {
    /// What the directory has in these fields of somebody, by their id there. Changes nothing.
    async fn read_person(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        id: &str,
        fields: &BTreeSet<String>,
    ) -> Result<Vec<(String, AttributeValue)>, PluginFailure>;

    /// Sets these fields and no others; no values take away what stands there. Gives what the
    /// directory has then. Done twice it comes to the same.
    async fn write_person(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        id: &str,
        changes: &BTreeMap<String, Vec<String>>,
    ) -> Result<Vec<(String, AttributeValue)>, PluginFailure>;
}

/// Directories in which groups are made and changed. `unsupported` of a plugin that does not offer
/// it, `denied` where it may not.
#[async_trait]
pub trait WriteGroups: Send + Sync {
    /// Does it; gives the id of a group that was made.
    async fn write_group(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        write: &GroupWrite,
    ) -> Result<Option<String>, PluginFailure>;
}

/// Photos that runs brought before.
#[async_trait]
pub trait KnownPhotos: Send + Sync {
    /// Of people by their external ids, each with the version of the photo that the source has
    /// now: whether that is what the last applied run brought. As many answers as questions.
    async fn same(&self, photos: Vec<(String, String)>) -> Vec<bool>;
}

/// Lets templates make signatures.
#[async_trait]
pub trait Signatures: Send + Sync {
    /// Makes a signature of each input, in order. What goes wrong with one of them is its own
    /// failure; the outer one says that nothing could be made at all. A batch shares one
    /// instance of the plugin; after a failure the rest go on in a fresh one.
    async fn render(
        &self,
        template: &ConnectorSpec,
        given: &Given,
        batch: Vec<SignatureInput>,
    ) -> Result<Vec<Result<Signature, PluginFailure>>, PluginFailure>;
}

/// Makes requests for plugins.
#[async_trait]
pub trait HttpEgress: Send + Sync {
    /// Makes one request to an address that it resolves and checks itself, follows no
    /// redirect, and attaches the credential last. Any status is an answer; a failure says
    /// why there is none.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, PluginFailure>;

    /// Drops the token that is kept for a credential: the next request has a new one, which
    /// knows what is permitted by now.
    async fn renew(&self, _attached: &Attached) {}

    /// Forgets all tokens of a credential, whomever they act for, and gives them back where
    /// there is a place for that (RFC 7009). What cannot be given back ends by itself.
    async fn give_back(&self, _attached: &Attached, _networks: &[IpNet]) {}

    /// What the token of a credential allows, by the names of its provider; none where it does
    /// not say so. Without a token one is fetched when `fetch` is set.
    async fn allows(
        &self,
        _attached: &Attached,
        _networks: &[IpNet],
        _fetch: bool,
    ) -> Result<Option<BTreeSet<String>>, PluginFailure> {
        Ok(None)
    }
}

/// Lets an OpenID Connect provider say who somebody is: code flow with PKCE.
#[async_trait]
pub trait OpenId: Send + Sync {
    /// Where a browser is sent to sign in.
    async fn start(&self, party: &OpenIdParty, secrets: &OpenIdSecrets, now: Ts) -> OpenIdStart;
    /// Exchanges the code that a browser brought back, and checks everything about the token.
    async fn finish(
        &self,
        party: &OpenIdParty,
        secrets: &OpenIdSecrets,
        back: &OpenIdBack,
        now: Ts,
    ) -> Result<OpenIdClaims, OpenIdRefusal>;
    /// Asks for what the provider says of itself, whatever is kept of it.
    async fn look(&self, party: &OpenIdParty, now: Ts) -> Result<OpenIdFound, OpenIdRefusal>;
}

/// Connects to LDAP directories.
#[async_trait]
pub trait LdapClient: Send + Sync {
    /// Connects to the first server that answers, and binds. Never falls back to clear text.
    async fn connect(&self, access: &LdapAccess) -> Result<Box<dyn LdapConnection>, PluginFailure>;
    /// Binds as an entry with a password that somebody typed, in the place of the account of
    /// `access`, and says how that was answered. The connection ends with it.
    async fn bind_as(&self, _access: &LdapAccess, _dn: &str, _password: &Secret) -> Result<Verdict, PluginFailure> {
        Err(no_directory())
    }
    /// Looks at each server; fails when the access itself cannot be used.
    async fn examine(&self, _access: &LdapAccess) -> Result<Vec<ServerReport>, PluginFailure> {
        Err(no_directory())
    }
}

/// A bound connection. After a failure of the network it is of no use any more.
#[async_trait]
pub trait LdapConnection: Send {
    /// The server's own entry (RFC 4512, section 5.1). Active Directory's has one attribute
    /// more: the `invocationId` of the server's database, which changes when it is restored.
    async fn root_dse(&mut self) -> Result<LdapEntry, PluginFailure>;
    /// One page; referrals are not followed.
    async fn search(&mut self, query: LdapQuery) -> Result<LdapPage, PluginFailure>;
    /// Which entries changed since a position. `cursor-expired` when the server cannot tell
    /// from there.
    async fn changes(&mut self, track: LdapTrack) -> Result<LdapChanges, PluginFailure>;
}

/// Makes photos harmless: decodes within limits, turns upright, scales, encodes anew.
pub trait Images: Send + Sync {
    /// A JPEG of at most 512 × 512 pixels without metadata, or why not.
    fn portrait(&self, image: &[u8]) -> Result<Vec<u8>, String>;
    /// A picture for signatures, within [`PICTURE_WIDTH`](crate::signature::PICTURE_WIDTH) and
    /// [`PICTURE_HEIGHT`](crate::signature::PICTURE_HEIGHT) and without metadata: a JPEG of a JPEG, a PNG of
    /// anything else. Or why not.
    fn picture(&self, image: &[u8]) -> Result<MadePicture, PictureProblem>;
}

/// Draws QR codes (ISO/IEC 18004) of a text.
pub trait QrCodes: Send + Sync {
    /// As SVG with a quiet zone.
    fn svg(&self, text: &str) -> crate::Result<String>;
    /// As PNG with a quiet zone.
    fn png(&self, text: &str) -> crate::Result<Vec<u8>>;
}
