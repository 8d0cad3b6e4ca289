//! Which entries changed: DirSync and content synchronisation, their controls written and
//! read. Identities alone come back, whatever a server sends with them.

use estampe_domain::ldap::dn::Dn;
use estampe_domain::ldap::{LdapChanges, LdapEntry, LdapTrack, LdapTracking};
use estampe_domain::plugin::{FailKind, PluginFailure};
use ldap3::asn1::{ASNTag, Integer, OctetString, Sequence, StructureTag, Tag, parse_tag, write};
use ldap3::controls::{
    Control, ControlType, EntryState, MakeCritical, RawControl, SyncDone, SyncInfo, SyncRequest, SyncState,
    parse_syncinfo,
};
use ldap3::{Ldap, ResultEntry, Scope, SearchOptions};

use super::answer::{self, At};
use super::{Outcome, value_of};

/// [MS-ADTS] 3.1.1.3.4.1.3.
const DIR_SYNC: &str = "1.2.840.113556.1.4.841";
/// Tells what the account may read, instead of asking for the right to replicate.
const OBJECT_SECURITY: i64 = 1;
/// Octets of one answer of DirSync, before the server says that there is more.
const DIR_SYNC_ANSWER: i64 = 4 << 20;
/// Attributes that DirSync is asked for besides: a move or a new name changes `name`, a
/// deletion `isDeleted`.
const DIR_SYNC_OWN: [&str; 3] = ["objectGUID", "name", "isDeleted"];
/// Entries told at once; a full run is quicker than reading more of them one by one.
const MAX_CHANGES: usize = 20_000;
/// Octets of an identity.
const IDENTITY: usize = 16;
/// Nobody: to learn a position without any entry.
const NOBODY: &str = "(!(objectClass=*))";

/// The naming context that DirSync has to begin at: the nearest one above the base.
pub(super) fn context<'a>(root: &'a LdapEntry, base: &str) -> Option<&'a str> {
    let base = Dn::parse(base).ok()?;
    let contexts = root.attributes.iter().filter(|(name, _)| name.eq_ignore_ascii_case("namingContexts"));
    let texts = contexts.flat_map(|(_, values)| values).filter_map(|value| std::str::from_utf8(value).ok());
    texts.filter(|context| Dn::parse(context).is_ok_and(|dn| base.is_within(&dn))).max_by_key(|context| context.len())
}

/// Asks for one answer's worth of changes; `track.base` is where to begin. `only_position`:
/// no entry is wanted.
pub(super) async fn changes(
    mut ldap: Ldap,
    server: String,
    track: LdapTrack,
    only_position: bool,
    seconds: i32,
) -> Outcome<LdapChanges> {
    let (control, scope) = match track.tracking {
        LdapTracking::DirSync => (dir_sync(track.since.as_deref().unwrap_or_default()), Scope::Subtree),
        LdapTracking::ContentSync => {
            let request = SyncRequest { cookie: track.since.clone(), ..SyncRequest::default() };
            // OpenLDAP's position is that of the whole database: one entry is enough to learn it
            let scope = if only_position { Scope::Base } else { super::scope(track.scope) };
            (request.critical().into(), scope)
        }
    };
    let (filter, attributes) = match (track.tracking, only_position) {
        (LdapTracking::DirSync, true) => (NOBODY.to_owned(), DIR_SYNC_OWN.map(str::to_owned).to_vec()),
        (LdapTracking::DirSync, false) => {
            let own = DIR_SYNC_OWN.map(str::to_owned);
            (track.filter, track.attributes.into_iter().chain(own).collect())
        }
        (LdapTracking::ContentSync, true) => ("(objectClass=*)".to_owned(), vec!["1.1".to_owned()]),
        (LdapTracking::ContentSync, false) => (track.filter, vec!["1.1".to_owned()]),
    };
    ldap.with_controls(vec![control]);
    ldap.with_search_options(SearchOptions::new().timelimit(seconds));
    let mut stream = ldap.streaming_search(&track.base, scope, &filter, attributes).await?;
    let mut told = LdapChanges { position: track.since.unwrap_or_default(), ..LdapChanges::default() };
    let mut sorting = Ok(());
    while let Some(found) = stream.next().await? {
        if found.is_ref() || sorting.is_err() {
            continue;
        }
        sorting = match track.tracking {
            LdapTracking::DirSync => dir_synced(found, &mut told),
            LdapTracking::ContentSync => content_synced(found, &server, &mut told),
        };
        if told.changed.len() + told.gone.len() > MAX_CHANGES {
            sorting = Err(expired(&server, "more changed than is read one by one"));
        }
        if sorting.is_err() {
            // the rest may be as long as the directory
            let id = stream.ldap_handle().last_id();
            ldap.abandon(id).await?;
            break;
        }
    }
    if let Err(failure) = sorting {
        return Ok(Err(failure));
    }
    let result = stream.finish().await;
    if result.rc != 0 {
        return Ok(Err(answer::refusal(&server, At::Changes { first: only_position }, &result)));
    }
    match track.tracking {
        LdapTracking::DirSync => match position_of_dir_sync(&result.ctrls) {
            Some((position, more)) => (told.position, told.more) = (position, more),
            None => return Ok(Err(no_end(&server))),
        },
        LdapTracking::ContentSync => match end_of_content_sync(&result.ctrls) {
            // whoever was not told is gone, it says: it could not tell from that position
            Some(SyncDone { refresh_deletes: false, .. }) if !only_position => return Ok(Err(forgot(&server))),
            // none: it is the same as before
            Some(SyncDone { cookie, .. }) => told.position = cookie.unwrap_or(told.position),
            None => return Ok(Err(no_end(&server))),
        },
    }
    if only_position {
        told.changed.clear();
        told.gone.clear();
    }
    Ok(Ok(told))
}

fn expired(server: &str, why: &str) -> PluginFailure {
    PluginFailure::new(FailKind::CursorExpired, format!("{server}: {why}"))
}

fn dir_sync(cookie: &[u8]) -> RawControl {
    let number = |inner| Tag::Integer(Integer { inner, ..Integer::default() });
    let cookie = Tag::OctetString(OctetString { inner: cookie.to_vec(), ..OctetString::default() });
    let inner = vec![number(OBJECT_SECURITY), number(DIR_SYNC_ANSWER), cookie];
    let sequence = Tag::Sequence(Sequence { inner, ..Sequence::default() }).into_structure();
    let mut octets = bytes::BytesMut::new();
    // encoding to memory cannot fail
    let _ = write::encode_into(&mut octets, sequence);
    RawControl { ctype: DIR_SYNC.to_owned(), crit: true, val: Some(octets.to_vec()) }
}

fn dir_synced(found: ResultEntry, told: &mut LdapChanges) -> Result<(), PluginFailure> {
    let unclear = || PluginFailure::new(FailKind::Unavailable, "an entry that changed cannot be understood");
    if found.is_intermediate() {
        return Ok(());
    }
    let entry = answer::entry(found.0).ok_or_else(unclear)?;
    let Some(identity) = value_of(&entry, "objectGUID") else { return Ok(()) };
    let identity = sixteen(identity.to_vec()).ok_or_else(unclear)?;
    let deleted = value_of(&entry, "isDeleted").is_some_and(|value| value.eq_ignore_ascii_case(b"TRUE"));
    let told = if deleted { &mut told.gone } else { &mut told.changed };
    told.push(identity);
    Ok(())
}

/// By telling who is still there a server says that it does not know who left.
fn forgot(server: &str) -> PluginFailure {
    expired(server, "the directory no longer knows what was deleted since then; everybody has to be read")
}

fn no_end(server: &str) -> PluginFailure {
    PluginFailure::new(FailKind::Unsupported, format!("{server} does not say where its changes end"))
}

fn content_synced(found: ResultEntry, server: &str, told: &mut LdapChanges) -> Result<(), PluginFailure> {
    let unclear = || PluginFailure::new(FailKind::Unavailable, "an entry that changed cannot be understood");
    if found.is_intermediate() {
        match parse_syncinfo(found) {
            SyncInfo::NewCookie(_) | SyncInfo::RefreshDelete { .. } => {}
            SyncInfo::RefreshPresent { .. } | SyncInfo::SyncIdSet { refresh_deletes: false, .. } => {
                return Err(forgot(server));
            }
            SyncInfo::SyncIdSet { sync_uuids, .. } => {
                for identity in sync_uuids {
                    told.gone.push(sixteen(identity).ok_or_else(unclear)?);
                }
            }
        }
        return Ok(());
    }
    let state = found.1.iter().find_map(|control| match control {
        Control(Some(ControlType::SyncState), raw) if raw.val.is_some() => Some(raw.parse::<SyncState>()),
        _ => None,
    });
    let SyncState { state, entry_uuid, .. } = state.ok_or_else(unclear)?;
    let identity = sixteen(entry_uuid).ok_or_else(unclear)?;
    match state {
        EntryState::Add | EntryState::Modify => told.changed.push(identity),
        EntryState::Delete => told.gone.push(identity),
        EntryState::Present => return Err(forgot(server)),
    }
    Ok(())
}

fn sixteen(identity: Vec<u8>) -> Option<Vec<u8>> {
    (identity.len() == IDENTITY).then_some(identity)
}

/// How content synchronisation ended; none when the answer is not one to it.
fn end_of_content_sync(controls: &[Control]) -> Option<SyncDone> {
    let done = controls.iter().find_map(|control| match control {
        Control(Some(ControlType::SyncDone), raw) => Some(raw),
        _ => None,
    })?;
    let done = if done.val.is_some() { done.parse() } else { SyncDone { cookie: None, refresh_deletes: false } };
    Some(done)
}

/// Where DirSync ended and whether there is more; none when the answer is not one to it.
fn position_of_dir_sync(controls: &[Control]) -> Option<(Vec<u8>, bool)> {
    let raw = controls.iter().map(|Control(_, raw)| raw).find(|raw| raw.ctype == DIR_SYNC)?;
    let (_, sequence) = parse_tag(raw.val.as_deref()?).ok()?;
    let parts: Vec<_> =
        sequence.expect_constructed()?.into_iter().map(StructureTag::expect_primitive).collect::<Option<_>>()?;
    let [more, _, cookie] = <[Vec<u8>; 3]>::try_from(parts).ok()?;
    Some((cookie, more.iter().any(|octet| *octet != 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_of_dir_sync_is_written_and_read() {
        let raw = dir_sync(b"MSDS");
        assert_eq!(raw.val.as_deref(), Some(&b"\x30\x0e\x02\x01\x01\x02\x03\x40\x00\x00\x04\x04MSDS"[..]));
        let answered = |val: &[u8]| {
            position_of_dir_sync(&[Control(
                None,
                RawControl { ctype: DIR_SYNC.to_owned(), crit: false, val: Some(val.to_vec()) },
            )])
        };
        assert_eq!(answered(b"\x30\x0a\x02\x01\x00\x02\x01\x00\x04\x02ab"), Some((b"ab".to_vec(), false)));
        assert_eq!(answered(b"\x30\x0a\x02\x01\x01\x02\x01\x00\x04\x02ab"), Some((b"ab".to_vec(), true)));
        for odd in [&b""[..], b"\x30\x03\x02\x01\x01", b"\x04\x01a"] {
            assert_eq!(answered(odd), None);
        }
        assert_eq!(position_of_dir_sync(&[]), None);
    }

    #[test]
    fn the_nearest_naming_context_is_found() {
        let contexts = ["DC=bank,DC=example", "CN=Configuration,DC=bank,DC=example", "DC=emea,DC=bank,DC=example"];
        let values = contexts.iter().map(|context| context.as_bytes().to_vec()).collect();
        let root = LdapEntry { dn: String::new(), attributes: vec![("namingContexts".to_owned(), values)] };
        assert_eq!(context(&root, "ou=staff,dc=emea,dc=bank,dc=example"), Some(contexts[2]));
        assert_eq!(context(&root, "OU=Staff, DC=BANK, DC=Example"), Some(contexts[0]));
        assert_eq!(context(&root, "dc=example"), None);
    }
}
