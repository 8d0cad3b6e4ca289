//! The language of a page, and how it is carried from page to page.
//!
//! A language chosen by `?lang=` stands above the browser's wish and is carried
//! through links; the console keeps it in a cookie instead.

use std::borrow::Borrow;
use std::cell::Cell;
use std::fmt::Display;

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};
use estampe_domain::{Locale, Ts};
use estampe_texts::{Message, TimeZone};

use crate::headers::Surface;

/// The console's cookie that keeps a chosen language.
pub(crate) const COOKIE: &str = "__Host-estampe-lang";

/// A page's language, with the moment and the zone its times are written for.
/// Templates call it `l`.
#[derive(Clone, Debug)]
pub(crate) struct Lang {
    pub(crate) locale: Locale,
    pub(crate) chosen: bool,
    pub(crate) zone: TimeZone,
    pub(crate) now: Ts,
    /// Whether a moment was written: the page then says which zone it is of.
    pub(crate) told: Cell<bool>,
}

/// Which language a request wants, and whether its address says so.
pub(crate) fn wanted(request: &HttpRequest, surface: Surface) -> (Locale, bool) {
    let chosen = url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, _)| name == "lang")
        .and_then(|(_, tag)| tag.parse().ok());
    if let Some(locale) = chosen {
        return (locale, true);
    }
    // never on the public side: what is answered there depends on the address and the
    // browser's wish alone
    let cookie = (surface == Surface::Console).then(|| request.cookie(COOKIE)).flatten();
    if let Some(locale) = cookie.and_then(|cookie| cookie.value().parse().ok()) {
        return (locale, false);
    }
    (wished(request.headers()), false)
}

/// The browser's wish.
pub(crate) fn wished(headers: &HeaderMap) -> Locale {
    let wish = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Locale::negotiate(wish.unwrap_or_default(), Locale::En)
}

impl Lang {
    /// The words of a key.
    pub(crate) fn t<'a>(&self, key: &'a str) -> Message<'a> {
        estampe_texts::say(self.locale, key)
    }

    /// A number.
    pub(crate) fn n(&self, number: impl Borrow<u64>) -> String {
        estampe_texts::number(self.locale, *number.borrow())
    }

    /// A size of files, in the unit that people read.
    pub(crate) fn octets(&self, octets: u64) -> String {
        let (mega, giga) = match self.locale {
            Locale::Fr => ("Mo", "Go"),
            Locale::En => ("MB", "GB"),
        };
        let (count, unit) =
            if octets < 10_000_000_000 { (octets / 1_000_000, mega) } else { (octets / 1_000_000_000, giga) };
        format!("{}\u{a0}{unit}", self.n(count))
    }

    /// A moment, with "UTC" where that is the zone.
    pub(crate) fn when(&self, at: &Ts) -> String {
        self.zoned(estampe_texts::date_time(self.locale, *at, &self.zone), *at)
    }

    /// The same to the second.
    pub(crate) fn moment(&self, at: &Ts) -> String {
        self.zoned(estampe_texts::moment(self.locale, *at, &self.zone), *at)
    }

    /// A moment with its zone, where a page has no other place to say it.
    pub(crate) fn when_in(&self, at: &Ts) -> String {
        let zone = estampe_texts::zone_name(&self.zone, *at);
        format!("{} ({zone})", estampe_texts::date_time(self.locale, *at, &self.zone))
    }

    /// A moment as tables of other programs read it (ISO 8601), without its zone.
    pub(crate) fn iso(&self, at: &Ts) -> String {
        at.timestamp().to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The zone of this page's moments.
    pub(crate) fn zone_name(&self) -> String {
        estampe_texts::zone_name(&self.zone, self.now)
    }

    fn zoned(&self, text: String, at: Ts) -> String {
        self.told.set(true);
        if self.is_utc(at) { format!("{text} UTC") } else { text }
    }

    fn is_utc(&self, at: Ts) -> bool {
        estampe_texts::zone_name(&self.zone, at) == "UTC"
    }

    /// The zone of the moments that were written since it was last asked; none where there were none.
    pub(crate) fn told_zone(&self) -> Option<String> {
        self.told.replace(false).then(|| self.zone_name())
    }

    /// How long ago.
    pub(crate) fn ago(&self, at: &Ts) -> String {
        estampe_texts::ago(self.locale, self.now, *at, &self.zone)
    }

    /// The day, where the organisation is.
    pub(crate) fn today(&self) -> jiff::civil::Date {
        let now = jiff::Timestamp::from_microsecond(self.now.as_micros()).unwrap_or_default();
        now.to_zoned_datetime(self.zone.clone()).date()
    }

    /// A day, in words.
    pub(crate) fn day(&self, day: jiff::civil::Date) -> String {
        let noon = TimeZone::UTC.to_timestamp(day.at(12, 0, 0, 0));
        noon.map_or_else(|_| day.to_string(), |noon| estampe_texts::date(self.locale, noon.into(), &TimeZone::UTC))
    }

    /// For the `lang` attribute.
    pub(crate) fn tag(&self) -> &'static str {
        self.locale.tag()
    }

    /// The language that the switch offers.
    pub(crate) fn other(&self) -> Locale {
        self.locale.other()
    }

    /// The other language's own name.
    pub(crate) fn other_name(&self) -> String {
        estampe_texts::t(self.other(), "language-name")
    }

    /// A link that keeps the chosen language.
    pub(crate) fn link(&self, path: impl Display) -> String {
        if self.chosen { format!("{path}?lang={}", self.tag()) } else { path.to_string() }
    }
}
