//! Microsoft Graph v1.0: requests, links of its pages, and words for what it refuses.

use std::cell::Cell;
use std::fmt::Write as _;

use estampe_plugin_sdk::http::{Request, Response};
use estampe_plugin_sdk::{FailKind, Failure, Host, config};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Where Microsoft has it.
const GRAPH: &str = "https://graph.microsoft.com";

/// Octets of a link that is kept: a cursor holds four at most.
const MAX_LINK: usize = 2_700;

/// Requests of a call, below the host's 200: the last object begun may need a few more.
const REQUESTS: u32 = 150;
/// Microseconds after which a call begins nothing new: a call may wait for 30 seconds in all,
/// and one request takes 20 at most.
const PATIENCE: i64 = 8_000_000;

/// What a request is about, and so which permission it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// People.
    Users,
    /// Their photos.
    Photos,
    /// Groups, and who is in them.
    Groups,
    /// The organisation's name.
    Organisation,
    /// Who administers the tenant.
    Roles,
}

impl Need {
    const fn words(self) -> &'static str {
        match self {
            Self::Users => "people",
            Self::Photos => "photos",
            Self::Groups => "groups",
            Self::Organisation => "the organisation",
            Self::Roles => "roles of administrators",
        }
    }

    /// The permission that serves, the least first, and others that do.
    pub const fn permission(self) -> (&'static str, &'static str) {
        match self {
            Self::Users | Self::Organisation => ("User.Read.All", "Directory.Read.All serves too"),
            Self::Photos => ("ProfilePhoto.Read.All", "User.Read.All serves too"),
            Self::Groups => ("Group.Read.All", "Directory.Read.All serves too"),
            Self::Roles => ("Directory.Read.All", "with less, Graph does not say which roles they are"),
        }
    }

    /// What an administrator does about it.
    fn remedy(self) -> String {
        let (least, others) = self.permission();
        format!(
            "in the Entra admin center, App registrations, the application, API permissions: add the application \
             permission {least} of Microsoft Graph ({others}), then choose \"Grant admin consent\""
        )
    }
}

/// An answer with objects.
#[derive(Debug, Deserialize)]
pub struct Listed<T> {
    /// The objects.
    #[serde(default = "Vec::new")]
    pub value: Vec<T>,
    /// The next page.
    #[serde(rename = "@odata.nextLink")]
    pub next: Option<String>,
    /// What changes from now on.
    #[serde(rename = "@odata.deltaLink")]
    pub delta: Option<String>,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: Refused,
}

#[derive(Default, Deserialize)]
struct Refused {
    #[serde(default)]
    code: String,
    /// May name people: it is looked at, and never told.
    #[serde(default)]
    message: String,
}

/// Graph, as the source is configured, for one call.
pub struct Graph<'h> {
    /// The host.
    pub host: &'h dyn Host,
    base: String,
    credential: &'static str,
    begun: i64,
    requests: Cell<u32>,
}

impl<'h> Graph<'h> {
    /// As the host's configuration says.
    pub fn of(host: &'h dyn Host) -> Result<Self, Failure> {
        let (graph, login) = (config::get(host, "graph-url"), config::get(host, "login-url"));
        let by_certificate = config::one_of(host, "authentication", &[("secret", false), ("certificate", true)])?;
        let by_certificate = by_certificate.unwrap_or(false);
        let (origin, credential) = match (graph, login) {
            (None, None) => (GRAPH.to_owned(), if by_certificate { "certificate" } else { "secret" }),
            (Some(graph), Some(_)) => {
                (graph, if by_certificate { "elsewhere-certificate" } else { "elsewhere-secret" })
            }
            _ => return Err(Failure::config("`graph-url` and `login-url` stand together: set both, or neither")),
        };
        let base = format!("{}/v1.0/", origin.trim_end_matches('/'));
        Ok(Self { host, base, credential, begun: host.now(), requests: Cell::new(0) })
    }

    /// Whether nothing new should be begun in this call.
    pub fn is_spent(&self) -> bool {
        self.requests.get() >= REQUESTS || self.host.now() - self.begun >= PATIENCE || self.host.cancelled()
    }

    /// Asks for what stands at this path, whatever comes. `prefer`: objects of a page.
    fn ask(&self, path: &str, prefer: Option<u32>) -> Result<Response, Failure> {
        self.requests.set(self.requests.get() + 1);
        let mut request = Request::get(format!("{}{path}", self.base))
            .with_header("accept", "application/json")
            .with_credential(self.credential);
        if let Some(size) = prefer {
            request = request.with_header("prefer", format!("odata.maxpagesize={size}"));
        }
        self.host.http(&request).map_err(hinted)?.answered()
    }

    /// Asks for what stands at this path.
    pub fn get(&self, path: &str, need: Need, prefer: Option<u32>) -> Result<Response, Failure> {
        let answer = self.ask(path, prefer)?;
        if (200..300).contains(&answer.status) { Ok(answer) } else { Err(refusal(answer, need)) }
    }

    /// The same as JSON.
    pub fn read<T: DeserializeOwned>(&self, path: &str, need: Need, prefer: Option<u32>) -> Result<T, Failure> {
        self.get(path, need, prefer)?.json()
    }

    /// Sets properties of what stands at this path; `about_phones`: numbers are among them.
    pub fn patch<T: Serialize>(&self, path: &str, body: &T, about_phones: bool) -> Result<(), Failure> {
        self.requests.set(self.requests.get() + 1);
        let request = Request::patch(format!("{}{path}", self.base)).with_json(body)?.with_credential(self.credential);
        let answer = self.host.http(&request).map_err(hinted)?.answered()?;
        if (200..300).contains(&answer.status) { Ok(()) } else { Err(not_written(answer, about_phones)) }
    }

    /// The address of this path.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Changes something about a group. `conflict` where it is so already.
    pub fn change(&self, request: Request) -> Result<Response, Failure> {
        self.requests.set(self.requests.get() + 1);
        let request = request.with_header("accept", "application/json").with_credential(self.credential);
        let answer = self.host.http(&request).map_err(hinted)?.answered()?;
        if (200..300).contains(&answer.status) { Ok(answer) } else { Err(group_not_written(answer)) }
    }

    /// A link of the service as it is kept: without where Graph is. It has to lead below `set`
    /// there, and nowhere else.
    pub fn kept(&self, link: &str, set: &str) -> Result<String, Failure> {
        let path = link.strip_prefix(&self.base);
        let path = path.filter(|path| path.strip_prefix(set).is_some_and(|rest| rest.starts_with('/')));
        let Some(path) = path.filter(|path| !path.contains("/../") && !path.contains('#')) else {
            let place = link.split(['?', '#']).next().unwrap_or_default();
            let origin: String = place.split('/').take(3).collect::<Vec<_>>().join("/").chars().take(100).collect();
            let message = format!(
                "Microsoft Graph gives a link to {origin} that does not lead below {}{set}; it is not followed",
                self.base
            );
            return Err(Failure::new(FailKind::Denied, message));
        };
        if path.len() > MAX_LINK {
            let message = format!("Microsoft Graph gives a link of {} octets, more than {MAX_LINK}", path.len());
            return Err(Failure::new(FailKind::Limit, message));
        }
        Ok(path.to_owned())
    }
}

/// Whether it may be better in a while.
pub fn passes(failure: &Failure) -> bool {
    matches!(failure.kind, FailKind::RateLimited | FailKind::Unavailable | FailKind::Limit)
}

/// What the host says of the token endpoint, with what to do about it.
fn hinted(mut failure: Failure) -> Failure {
    if failure.kind != FailKind::Auth {
        return failure;
    }
    let said = |code: &str| failure.message.contains(code);
    let hint = if said("unauthorized_client") {
        "the application is not in this tenant, or no longer: look at `client-id` and `tenant`, and whether the \
         application or its consent was removed under Enterprise applications"
    } else if said("invalid_client") {
        "the client secret is wrong or has expired, or the certificate is not the application's: look under \
         Certificates & secrets; of a new secret set the value, not the id, as `client-secret`"
    } else if said("invalid_request") {
        "look at `tenant`: it is the tenant's id or one of its domains"
    } else {
        return failure;
    };
    failure.message = format!("{}; {hint}", failure.message);
    failure
}

/// What Graph refused, in words. Its own may name people.
fn refusal(answer: Response, need: Need) -> Failure {
    let status = answer.status;
    let code = answer.json::<Refusal>().unwrap_or_default().error.code;
    let is_code = (1..=64).contains(&code.len()) && code.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
    let told = if is_code { format!("{status} {code}") } else { status.to_string() };
    let what = need.words();
    let lost = ["syncStateNotFound", "syncStateInvalid", "resyncRequired", "Directory_ExpiredPageToken"];
    let failure = |kind, message: String| Failure::new(kind, message);
    match status {
        _ if status == 410 || lost.iter().any(|known| code.eq_ignore_ascii_case(known)) => failure(
            FailKind::CursorExpired,
            format!("Microsoft Graph cannot tell what changed since the last run ({told}): everybody has to be read"),
        ),
        401 => failure(
            FailKind::Auth,
            format!(
                "Microsoft Graph does not take the token ({told}): the application was removed from the tenant, or its \
                 access was blocked; look under Enterprise applications, and grant consent again"
            ),
        ),
        403 => failure(
            FailKind::Denied,
            format!(
                "Microsoft Graph does not let the application read {what} ({told}): the permission {} was not granted, \
                 or its consent was withdrawn; {}",
                need.permission().0,
                need.remedy()
            ),
        ),
        404 => failure(FailKind::NotFound, format!("Microsoft Graph has no such thing, asked for {what} ({told})")),
        400 => failure(FailKind::Internal, format!("Microsoft Graph does not take the request for {what} ({told})")),
        429 => {
            let mut failure = failure(FailKind::RateLimited, format!("Microsoft Graph wants fewer requests ({told})"));
            failure.retry_after_ms = answer.ok().err().and_then(|said| said.retry_after_ms);
            failure
        }
        500..=599 => {
            let mut failure = failure(FailKind::Unavailable, format!("Microsoft Graph cannot answer now ({told})"));
            failure.retry_after_ms = answer.ok().err().and_then(|said| said.retry_after_ms);
            failure
        }
        _ => {
            let said = answer.ok().err();
            let kind = said.map_or(FailKind::Internal, |said| said.kind);
            failure(kind, format!("Microsoft Graph answered with {told}, asked for {what}"))
        }
    }
}

/// Why Graph did not set a property, in words.
fn not_written(answer: Response, about_phones: bool) -> Failure {
    match answer.status {
        400 => Failure::new(
            FailKind::Unsupported,
            "Microsoft Graph does not take what was to be written (400): a value is longer than it keeps, or this \
             person is kept in the directory at home (Entra Connect) and is changed there",
        ),
        403 => {
            let roles = if about_phones {
                "; or this person has a role of an administrator, whose telephone numbers no application may change: \
                 an administrator changes them in the Entra admin center"
            } else {
                ""
            };
            Failure::new(
                FailKind::Denied,
                format!(
                    "Microsoft Graph does not let the application change this person (403): the application \
                     permission User.ReadWrite.All was not granted, or its consent was withdrawn; in the Entra admin \
                     center, App registrations, the application, API permissions: add it, then choose \"Grant admin \
                     consent\"{roles}"
                ),
            )
        }
        _ => refusal(answer, Need::Users),
    }
}

/// Why Graph did not change a group, in words.
fn group_not_written(answer: Response) -> Failure {
    match answer.status {
        400 if answer.json::<Refusal>().unwrap_or_default().error.message.contains("already exist") => {
            Failure::new(FailKind::Conflict, "Microsoft Graph has it so already (400)")
        }
        400 => Failure::new(
            FailKind::Unsupported,
            "Microsoft Graph does not take the change of the group (400): it is kept elsewhere (a directory at home, \
             Exchange, a rule), or the name does not fit",
        ),
        403 => Failure::new(
            FailKind::Denied,
            "Microsoft Graph does not let the application change this group (403): the application permission \
             Group.ReadWrite.All was not granted, or its consent was withdrawn; or roles can be given to the group, \
             which no application changes with that; in the Entra admin center, App registrations, the application, \
             API permissions: add it, then choose \"Grant admin consent\"",
        ),
        _ => refusal(answer, Need::Groups),
    }
}

/// A text as it stands in an address (RFC 3986, section 2.3).
pub fn encoded(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            all.push(char::from(octet));
        } else {
            // writing to a text does not fail
            let _ = write!(all, "%{octet:02X}");
        }
    }
    all
}
