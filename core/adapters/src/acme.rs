//! Certificates from an ACME server (RFC 8555), proved by http-01.

use std::path::PathBuf;
use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};

/// How long one order may take, from the first connection to the certificate. The library
/// knows no time-out of its own.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long the server may take to try a challenge, or to issue.
const STEP: RetryPolicy = RetryPolicy::new().timeout(Duration::from_mins(2));

/// Which server, and on whose behalf.
#[derive(Clone, Debug)]
pub struct AcmeSettings {
    /// The address of the server's directory.
    pub directory: String,
    /// `mailto:` addresses that the server may write to.
    pub contact: Vec<String>,
    /// The CA that signed the ACME server's own certificate, PEM; `None`: the system's.
    pub ca_file: Option<PathBuf>,
}

/// What an order gave.
pub struct Issued {
    /// The leaf and what stands between it and the root, PEM.
    pub chain: String,
    /// The leaf's key, PEM (PKCS #8).
    pub key: String,
}

/// An account with an ACME server.
pub struct AcmeAccount {
    account: Account,
}

impl AcmeAccount {
    /// The account that `kept` describes, or a new one: then the second value is what to
    /// keep. It holds the account's private key.
    pub async fn open(settings: &AcmeSettings, kept: Option<&str>) -> Result<(Self, Option<String>), String> {
        within(async {
            let builder = match &settings.ca_file {
                Some(file) => Account::builder_with_root(file),
                None => Account::builder(),
            };
            let builder = builder.map_err(told)?;
            if let Some(kept) = kept {
                let credentials: AccountCredentials =
                    serde_json::from_str(kept).map_err(|e| format!("the account's file: {e}"))?;
                let account = builder.from_credentials(credentials).await.map_err(told)?;
                return Ok((Self { account }, None));
            }
            let contact: Vec<&str> = settings.contact.iter().map(String::as_str).collect();
            let asked = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
            let (account, credentials) =
                builder.create(&asked, settings.directory.clone(), None).await.map_err(told)?;
            let kept = serde_json::to_string(&credentials).map_err(|e| e.to_string())?;
            Ok((Self { account }, Some(kept)))
        })
        .await
    }

    /// Orders one certificate for these names. `publish` is given each token with its
    /// answer before the server is told to look.
    pub async fn order(&self, names: &[String], publish: impl Fn(String, String)) -> Result<Issued, String> {
        within(async {
            let identifiers: Vec<Identifier> = names.iter().cloned().map(Identifier::Dns).collect();
            let mut order = self.account.new_order(&NewOrder::new(&identifiers)).await.map_err(told)?;
            prove(&mut order, &publish).await?;
            match order.poll_ready(&STEP).await {
                Ok(OrderStatus::Ready) => {}
                Ok(_) => return Err(refusal(&mut order).await.unwrap_or_else(|| "the order was refused".to_owned())),
                Err(error) => return Err(refusal(&mut order).await.unwrap_or_else(|| told(error))),
            }
            let key = order.finalize().await.map_err(told)?;
            let chain = order.poll_certificate(&STEP).await.map_err(told)?;
            Ok(Issued { chain, key })
        })
        .await
    }
}

async fn prove(order: &mut Order, publish: &impl Fn(String, String)) -> Result<(), String> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(told)?;
        if authorization.status == AuthorizationStatus::Valid {
            continue; // proved for an earlier order
        }
        let name = authorization.identifier().to_string();
        let mut challenge = authorization
            .challenge(ChallengeType::Http01)
            .ok_or_else(|| format!("{name}: the server offers no http-01 challenge"))?;
        publish(challenge.token.clone(), challenge.key_authorization().as_str().to_owned());
        challenge.set_ready().await.map_err(|e| format!("{name}: {}", told(e)))?;
    }
    Ok(())
}

/// What the server says about the challenges that it did not find answered.
async fn refusal(order: &mut Order) -> Option<String> {
    let mut told = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        let problems = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        for problem in problems {
            let words = problem.detail.as_deref().or(problem.r#type.as_deref()).unwrap_or("refused");
            told.push(format!("{}: {words}", state.identifier()));
        }
    }
    (!told.is_empty()).then(|| told.join("; "))
}

async fn within<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err("the server did not answer in time".to_owned()))
}

/// An error with its causes: "HTTP request failure" alone helps nobody.
fn told(error: Error) -> String {
    if let Error::Api(problem) = &error
        && let Some(detail) = &problem.detail
    {
        return format!("{detail} ({})", problem.r#type.as_deref().unwrap_or("no type given"));
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    text
}
