//! Numbers and dates as each language writes them.

use estampe_domain::{Locale, Ts};
use jiff::tz::TimeZone;

use crate::say;

const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A narrow no-break space.
const THIN: char = '\u{202f}';

/// A whole number with its thousands apart: "1 204" (narrow no-break space), "1,204".
pub fn number(locale: Locale, number: u64) -> String {
    decimal(locale, &number.to_string())
}

/// The same for a number written with a point, such as `-1204.5`.
pub(crate) fn decimal(locale: Locale, plain: &str) -> String {
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |rest| ("−", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (between, point) = match locale {
        Locale::Fr => (THIN, ','),
        Locale::En => (',', '.'),
    };
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(between);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(point);
        out.push_str(fraction);
    }
    out
}

/// "24 novembre 2026", "24 November 2026".
pub fn date(locale: Locale, at: Ts, zone: &TimeZone) -> String {
    let zoned = at.timestamp().to_zoned_datetime(zone.clone());
    let month = usize::from(zoned.month().unsigned_abs()).saturating_sub(1);
    let months = match locale {
        Locale::Fr => MONTHS_FR,
        Locale::En => MONTHS_EN,
    };
    let month = months.get(month).copied().unwrap_or_default();
    let day = match (locale, zoned.day()) {
        (Locale::Fr, 1) => "1er".to_owned(),
        (_, day) => day.to_string(),
    };
    format!("{day} {month} {}", zoned.year())
}

/// "24 novembre 2026, 8 h 12", "24 November 2026, 08:12".
pub fn date_time(locale: Locale, at: Ts, zone: &TimeZone) -> String {
    let zoned = at.timestamp().to_zoned_datetime(zone.clone());
    let (hour, minute) = (zoned.hour(), zoned.minute());
    let time = match locale {
        Locale::Fr => format!("{hour}{THIN}h{THIN}{minute:02}"),
        Locale::En => format!("{hour:02}:{minute:02}"),
    };
    format!("{}, {time}", date(locale, at, zone))
}

/// "24 novembre 2026, 8 h 12 min 05 s", "24 November 2026, 08:12:05".
pub fn moment(locale: Locale, at: Ts, zone: &TimeZone) -> String {
    let text = date_time(locale, at, zone);
    let second = at.timestamp().to_zoned_datetime(zone.clone()).second();
    match locale {
        Locale::Fr => format!("{text}{THIN}min{THIN}{second:02}{THIN}s"),
        Locale::En => format!("{text}:{second:02}"),
    }
}

/// The time zone of this machine: what `TZ` says, else `/etc/localtime`; UTC where neither names one.
pub fn system_zone() -> TimeZone {
    TimeZone::try_system().unwrap_or(TimeZone::UTC)
}

/// What a zone is called at that moment: "Europe/Paris", "UTC"; "UTC+01" where it has no name.
pub fn zone_name(zone: &TimeZone, at: Ts) -> String {
    let info = zone.to_offset_info(at.timestamp());
    // the system's zone may be UTC under another name
    if info.abbreviation() == "UTC" {
        return "UTC".to_owned();
    }
    zone.iana_name().map_or_else(|| format!("UTC{}", info.offset()), str::to_owned)
}

/// How long ago, as people say it: minutes, hours, days; then the date.
pub fn ago(locale: Locale, now: Ts, at: Ts, zone: &TimeZone) -> String {
    let seconds = now.seconds_since(at);
    match seconds {
        ..60 => say(locale, "ago-now").to_string(),
        60..3_600 => say(locale, "ago-minutes").with("count", seconds / 60).to_string(),
        3_600..86_400 => say(locale, "ago-hours").with("count", seconds / 3_600).to_string(),
        86_400..604_800 => say(locale, "ago-days").with("count", seconds / 86_400).to_string(),
        _ => date(locale, at, zone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Ts {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    #[test]
    fn dates_are_written_as_each_language_does() {
        let moment = at("2026-11-24T08:12:30Z");
        let utc = &TimeZone::UTC;
        assert_eq!(date_time(Locale::Fr, moment, utc), "24 novembre 2026, 8\u{202f}h\u{202f}12");
        assert_eq!(date_time(Locale::En, moment, utc), "24 November 2026, 08:12");
        assert_eq!(
            super::moment(Locale::Fr, moment, utc),
            "24 novembre 2026, 8\u{202f}h\u{202f}12\u{202f}min\u{202f}30\u{202f}s"
        );
        assert_eq!(super::moment(Locale::En, moment, utc), "24 November 2026, 08:12:30");
        assert_eq!(date(Locale::Fr, at("2026-05-01T00:00:00Z"), utc), "1er mai 2026");
        let east = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(date_time(Locale::En, at("2026-12-31T23:30:00Z"), &east), "1 January 2027, 00:30");
    }

    #[test]
    fn a_zone_has_a_name() {
        let now = at("2026-11-24T08:12:00Z");
        let name = |zone: &TimeZone| zone_name(zone, now);
        assert_eq!(name(&TimeZone::get("Europe/Paris").unwrap()), "Europe/Paris");
        assert_eq!(name(&TimeZone::get("Etc/UTC").unwrap()), "UTC");
        assert_eq!(name(&TimeZone::UTC), "UTC");
        assert_eq!(name(&TimeZone::fixed(jiff::tz::offset(1))), "UTC+01");
        assert_eq!(name(&TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()), "UTC+01");
    }

    #[test]
    fn numbers_keep_their_thousands_apart() {
        assert_eq!(number(Locale::Fr, 1_204_000), "1\u{202f}204\u{202f}000");
        assert_eq!(number(Locale::En, 1_204), "1,204");
        assert_eq!(number(Locale::Fr, 999), "999");
        assert_eq!(decimal(Locale::Fr, "-1204.5"), "−1\u{202f}204,5");
    }

    #[test]
    fn the_recent_past_is_told_and_the_rest_is_dated() {
        let now = at("2026-11-24T08:12:00Z");
        let say = |text| ago(Locale::En, now, at(text), &TimeZone::UTC);
        assert_eq!(say("2026-11-24T08:11:30Z"), "just now");
        assert_eq!(say("2026-11-24T08:00:00Z"), "12 minutes ago");
        assert_eq!(say("2026-11-24T07:00:00Z"), "1 hour ago");
        assert_eq!(say("2026-11-20T07:00:00Z"), "4 days ago");
        assert_eq!(say("2026-10-20T07:00:00Z"), "20 October 2026");
    }
}
