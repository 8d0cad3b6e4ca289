//! Words for sign-in providers.

use estampe_domain::openid::ProofReason as R;
use estampe_domain::provider::FormProblem as P;
use estampe_texts::key;

use crate::locale::Lang;

/// Why somebody is not let in, to themselves: what they can do, and the code that tells whoever
/// administers this more.
pub(crate) fn why(l: &Lang, reason: R) -> String {
    let words = match reason {
        R::Unknown | R::OtherBrowser => key("sign-in-why-again"),
        R::Denied => key("sign-in-why-denied"),
        R::Unreachable | R::Discovery | R::DiscoveryIssuer | R::Keys | R::ProviderError | R::CodeRefused => {
            key("sign-in-why-away")
        }
        R::MixUp
        | R::Answer
        | R::NoToken
        | R::Algorithm
        | R::Signature
        | R::Issuer
        | R::Audience
        | R::Nonce
        | R::Expired
        | R::Future
        | R::Token
        | R::Userinfo => key("sign-in-why-not-believed"),
        R::Tenant | R::Domain => key("sign-in-why-outside"),
        R::NoAccount => key("sign-in-why-no-account"),
        R::NoAddress => key("sign-in-why-no-address"),
        R::AddressTaken => key("sign-in-why-address-taken"),
        R::NoRole | R::Groups => key("sign-in-why-no-role"),
        R::Inactive | R::Several => key("sign-in-why-inactive"),
        R::IdentityTaken => key("sign-in-why-identity-taken"),
        R::OtherAccount => key("sign-in-why-other-account"),
        R::Invitation => key("welcome-token-wrong"),
    };
    l.t(words).with("code", reason.code()).to_string()
}

/// The reason of this code.
pub(crate) fn reason(code: &str) -> Option<R> {
    R::ALL.into_iter().find(|reason| reason.code() == code)
}

/// What is wrong with a field of a provider.
pub(crate) fn problem(problem: P) -> &'static str {
    match problem {
        P::Needed => key("problem-empty"),
        P::Name => key("provider-problem-name"),
        P::Taken => key("provider-problem-taken"),
        P::Kind => key("provider-problem-kind"),
        P::Issuer => key("provider-problem-issuer"),
        P::Tenant => key("provider-problem-tenant"),
        P::Domain => key("provider-problem-domain"),
        P::Network => key("provider-problem-network"),
        P::Source => key("provider-problem-source"),
        P::Role => key("provider-problem-role"),
        P::Rule => key("provider-problem-rule"),
        P::Group => key("provider-problem-group"),
        P::TooMany => key("provider-problem-many"),
        P::NoRole => key("provider-problem-no-role"),
        P::Again => key("provider-problem-again"),
    }
}
