//! The headers that every answer carries, in one place.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::DefaultHeaders;

/// Which of the three applications answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// Cards and forms, for anybody.
    Public,
    /// The console, for accounts.
    Console,
    /// The operator's Unix socket.
    Operator,
}

impl Surface {
    /// Its name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Console => "console",
            Self::Operator => "operator",
        }
    }
}

/// Nothing but our own files: no inline style or script, no other origin, no frames.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; \
    script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// No device, no advertising interface.
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), \
    browsing-topics=()";

/// The middleware that sets them, where a handler has not set its own.
pub fn headers(surface: Surface) -> DefaultHeaders {
    let headers = DefaultHeaders::new().add((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    let headers = match surface {
        // a card is fetched again and again: it says itself how it may be kept
        Surface::Public => headers.add((REFERRER_POLICY, "no-referrer")),
        Surface::Console => headers
            // forms need an Origin of their own, which "no-referrer" would take away
            .add((REFERRER_POLICY, "same-origin"))
            .add((CACHE_CONTROL, "no-store")),
        Surface::Operator => return headers.add((CACHE_CONTROL, "no-store")),
    };
    headers
        .add((CONTENT_SECURITY_POLICY, POLICY))
        .add((STRICT_TRANSPORT_SECURITY, "max-age=31536000"))
        .add(("Permissions-Policy", PERMISSIONS))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
        .add(("Cross-Origin-Resource-Policy", "same-origin"))
}
