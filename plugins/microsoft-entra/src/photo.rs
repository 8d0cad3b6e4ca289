//! Photos: looked at one by one, and fetched when they are not those of the last run.

use estampe_plugin_sdk::{FailKind, Failure, LogLevel, Person};
use serde::Deserialize;

use crate::graph::{Graph, Need, encoded, passes};

/// Octets of one photo.
const MAX_PHOTO: usize = 4 << 20;
/// Octets of the photos of a page.
const MAX_PAGE: usize = 4 << 20;
/// The longest version that a host keeps.
const MAX_ETAG: usize = 1_024;

#[derive(Deserialize)]
struct Photo {
    #[serde(rename = "@odata.mediaEtag")]
    etag: Option<String>,
}

/// What is known of somebody's photo.
enum Seen {
    None,
    Version(Option<String>),
}

/// People who are looked at before the first of their photos is fetched: the host is asked about
/// them at once, and no more than these are looked at again where Graph wants a pause.
const CHUNK: usize = 10;

/// Gives people their photos, as far as this call goes: those that are left stay for the next
/// one. At least one person is done.
pub fn add(graph: &Graph<'_>, people: Vec<Person>) -> Result<Vec<Person>, Failure> {
    let (mut done, mut octets) = (Vec::new(), 0);
    let mut people = people.into_iter();
    while !graph.is_spent() || done.is_empty() {
        let chunk: Vec<Person> = people.by_ref().take(CHUNK).collect();
        let wanted = chunk.len();
        match some(graph, chunk) {
            Ok(some) => {
                let all = some.len() == wanted;
                octets += some.iter().filter_map(|person| person.photo.as_ref()).map(Vec::len).sum::<usize>();
                done.extend(some);
                if !all || wanted < CHUNK || octets >= MAX_PAGE {
                    break;
                }
            }
            Err(failure) if passes(&failure) && !done.is_empty() => break,
            Err(failure) => return Err(failure),
        }
    }
    Ok(done)
}

/// The same for a few people.
fn some(graph: &Graph<'_>, mut people: Vec<Person>) -> Result<Vec<Person>, Failure> {
    let mut seen: Vec<Seen> = Vec::new();
    for person in &people {
        match look(graph, &person.id) {
            Ok(photo) => seen.push(photo),
            Err(failure) if passes(&failure) && !seen.is_empty() => break,
            Err(failure) => return Err(failure),
        }
    }
    people.truncate(seen.len());
    let versions: Vec<(String, String)> = people
        .iter()
        .zip(&seen)
        .filter_map(|(person, seen)| match seen {
            Seen::Version(Some(etag)) => Some((person.id.clone(), etag.clone())),
            Seen::Version(None) | Seen::None => None,
        })
        .collect();
    let same = if versions.is_empty() { Vec::new() } else { graph.host.same_photos(&versions) };
    let (mut same, mut done, mut octets) = (same.into_iter(), 0, 0);
    for (person, seen) in people.iter_mut().zip(seen) {
        if let Seen::Version(etag) = seen {
            let is_same = etag.is_some() && same.next() == Some(true);
            if !is_same {
                match fetch(graph, &person.id) {
                    Ok(photo) => person.photo = photo,
                    Err(failure) if passes(&failure) && done > 0 => break,
                    Err(failure) => return Err(failure),
                }
            }
            if is_same || person.photo.is_some() {
                person.photo_etag = etag;
            }
        }
        octets += person.photo.as_ref().map_or(0, Vec::len);
        done += 1;
        if octets >= MAX_PAGE {
            break;
        }
    }
    people.truncate(done);
    Ok(people)
}

fn look(graph: &Graph<'_>, id: &str) -> Result<Seen, Failure> {
    match graph.read::<Photo>(&format!("users/{}/photo", encoded(id)), Need::Photos, None) {
        Ok(photo) => {
            let good = |etag: &String| (1..=MAX_ETAG).contains(&etag.len());
            Ok(Seen::Version(photo.etag.filter(good)))
        }
        Err(failure) if failure.kind == FailKind::NotFound => Ok(Seen::None),
        Err(failure) => Err(failure),
    }
}

fn fetch(graph: &Graph<'_>, id: &str) -> Result<Option<Vec<u8>>, Failure> {
    match graph.get(&format!("users/{}/photo/$value", encoded(id)), Need::Photos, None) {
        Ok(answer) if answer.body.len() > MAX_PHOTO => {
            graph.host.log(LogLevel::Warn, "a photo of more than 4 MiB is left out");
            Ok(None)
        }
        Ok(answer) => Ok(Some(answer.body).filter(|photo| !photo.is_empty())),
        Err(failure) if failure.kind == FailKind::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}
