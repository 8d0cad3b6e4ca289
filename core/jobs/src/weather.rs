//! How the mail server fares, and so how many mails may go at once: a circuit breaker.
//!
//! While the server cannot be used one probe asks for all of them, and none is tried.

use estampe_domain::Ts;
use estampe_domain::mail::{MailOutage, ServerFault};

/// Mails under way at the same time, when all is well.
const FAIR: usize = 4;
/// The first pause between two probes, in seconds; it doubles.
const FIRST_PAUSE: i64 = 5;
/// The longest pause: the mails go soon after the server is back.
const LONGEST_PAUSE: i64 = 300;
/// The longest pause while the server refuses our name and password: a probe tries them,
/// and some directories lock an account after too many.
const LONGEST_SIGN_IN: i64 = 3600;

/// How the mail server fares.
#[derive(Debug, Default)]
pub struct Weather {
    /// Mails are not answered, or the server has just come back: one at a time.
    careful: bool,
    /// No mail before this moment, after so long a pause: the last one was not answered.
    held: Option<(Ts, i64)>,
    storm: Option<Storm>,
    /// The storm that a probe ended, until a mail says that it is over.
    passing: Option<Storm>,
}

#[derive(Debug)]
struct Storm {
    outage: MailOutage,
    probe_at: Ts,
    pause: i64,
    probing: bool,
    /// Somebody asked to try now while a probe was under way: another follows.
    hurried: bool,
}

/// What may be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// So many mails at the same time.
    Mails(usize),
    /// One probe.
    Probe,
    /// Nothing before this moment.
    Wait(Ts),
}

impl Weather {
    /// As it was when the process ended: the server is probed at once.
    pub fn after_restart(outage: Option<MailOutage>, now: Ts) -> Self {
        let storm =
            outage.map(|outage| Storm { outage, probe_at: now, pause: FIRST_PAUSE, probing: false, hurried: false });
        Self { storm, ..Self::default() }
    }

    /// What may be done now. A probe that is given leave is under way until
    /// [`failed`](Self::failed) or [`answered`](Self::answered).
    pub fn leave(&mut self, now: Ts) -> Leave {
        let Some(storm) = &mut self.storm else {
            return match self.held {
                Some((until, _)) if until > now => Leave::Wait(until),
                _ => Leave::Mails(if self.careful { 1 } else { FAIR }),
            };
        };
        if storm.probing {
            return Leave::Wait(now.plus_seconds(LONGEST_PAUSE));
        }
        if storm.probe_at > now {
            return Leave::Wait(storm.probe_at);
        }
        storm.probing = true;
        Leave::Probe
    }

    /// Somebody asked to try now.
    pub fn hurry(&mut self, now: Ts) {
        if let Some(storm) = &mut self.storm {
            storm.probe_at = now;
            storm.hurried = storm.probing;
        }
        self.held = self.held.map(|(_, pause)| (now, pause));
    }

    /// The server could not be used. Gives the outage to be noted; `None` for mails that
    /// were under way when it began, which say nothing new.
    pub fn failed(&mut self, fault: ServerFault, detail: &str, probe: bool, now: Ts) -> Option<MailOutage> {
        let longest = if fault == ServerFault::SignIn { LONGEST_SIGN_IN } else { LONGEST_PAUSE };
        let known = self.storm.is_some();
        let storm = self.storm.take().or_else(|| self.passing.take());
        self.storm = Some(match storm {
            Some(storm) if known && !probe => {
                self.storm = Some(storm);
                return None;
            }
            Some(mut storm) => {
                storm.probing = false;
                storm.pause = (storm.pause * 2).min(longest);
                storm.probe_at = if storm.hurried { now } else { now.plus_seconds(storm.pause) };
                storm.hurried = false;
                storm.outage.fault = fault;
                detail.clone_into(&mut storm.outage.detail);
                storm
            }
            None => Storm {
                outage: MailOutage { since: now, fault, detail: detail.to_owned() },
                probe_at: now.plus_seconds(FIRST_PAUSE),
                pause: FIRST_PAUSE,
                probing: false,
                hurried: false,
            },
        });
        self.storm.as_ref().map(|storm| storm.outage.clone())
    }

    /// A probe succeeded: since when the server was away. One mail goes first.
    pub fn cleared(&mut self) -> Option<Ts> {
        self.careful = true;
        self.passing = self.storm.take();
        self.passing.as_ref().map(|storm| storm.outage.since)
    }

    /// The server answered a mail, whatever it said.
    pub fn answered(&mut self) {
        self.careful = false;
        self.held = None;
        self.passing = None;
    }

    /// The server took a mail and did not answer: the others wait a little.
    pub fn unanswered(&mut self, now: Ts) {
        self.careful = true;
        let pause = self.held.map_or(FIRST_PAUSE, |(_, pause)| (pause * 2).min(LONGEST_PAUSE));
        self.held = Some((now.plus_seconds(pause), pause));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Ts {
        Ts::from_micros(1_795_507_920_000_000).plus_seconds(seconds)
    }

    #[test]
    fn one_probe_asks_for_all_mails() {
        let mut weather = Weather::default();
        assert_eq!(weather.leave(at(0)), Leave::Mails(FAIR));
        let outage = weather.failed(ServerFault::Connection, "refused", false, at(0)).unwrap();
        assert_eq!(outage.since, at(0));
        assert!(weather.failed(ServerFault::Connection, "refused", false, at(1)).is_none(), "they were under way");
        assert_eq!(weather.leave(at(1)), Leave::Wait(at(5)));
        assert_eq!(weather.leave(at(5)), Leave::Probe);
        assert!(matches!(weather.leave(at(6)), Leave::Wait(_)), "one at a time");
        let outage = weather.failed(ServerFault::Silent, "silent", true, at(65)).unwrap();
        assert_eq!((outage.since, outage.fault), (at(0), ServerFault::Silent));
        assert_eq!(weather.leave(at(66)), Leave::Wait(at(75)));
        weather.hurry(at(67));
        assert_eq!(weather.leave(at(67)), Leave::Probe);
        weather.hurry(at(68));
        weather.failed(ServerFault::Silent, "silent", true, at(127));
        assert_eq!(weather.leave(at(127)), Leave::Probe, "asked for meanwhile");
        assert_eq!(weather.cleared(), Some(at(0)));
        assert_eq!(weather.leave(at(128)), Leave::Mails(1), "carefully at first");
        weather.answered();
        assert_eq!(weather.leave(at(129)), Leave::Mails(FAIR));
    }

    #[test]
    fn pauses_grow_to_five_minutes_and_longer_for_a_wrong_password() {
        for (fault, longest) in [(ServerFault::Connection, LONGEST_PAUSE), (ServerFault::SignIn, LONGEST_SIGN_IN)] {
            let mut weather = Weather::default();
            weather.failed(fault, "why", false, at(0));
            for _ in 0..20 {
                weather.failed(fault, "why", true, at(0));
            }
            assert_eq!(weather.leave(at(0)), Leave::Wait(at(longest)));
        }
    }

    #[test]
    fn an_outage_outlives_a_restart_and_is_probed_at_once() {
        let outage = MailOutage { since: at(-9000), fault: ServerFault::Tls, detail: "why".into() };
        let mut weather = Weather::after_restart(Some(outage), at(0));
        assert_eq!(weather.leave(at(0)), Leave::Probe);
        assert_eq!(weather.failed(ServerFault::Tls, "why", true, at(1)).unwrap().since, at(-9000));
    }

    #[test]
    fn a_server_that_only_seems_to_be_back_is_still_away() {
        let mut weather = Weather::default();
        weather.failed(ServerFault::SignIn, "530", false, at(0));
        assert_eq!(weather.leave(at(5)), Leave::Probe);
        weather.cleared();
        let outage = weather.failed(ServerFault::SignIn, "530", false, at(6)).unwrap();
        assert_eq!(outage.since, at(0));
        assert_eq!(weather.leave(at(7)), Leave::Wait(at(16)), "the pause went on growing");
    }

    #[test]
    fn mails_that_are_not_answered_hold_the_others_back() {
        let mut weather = Weather::default();
        weather.unanswered(at(0));
        assert_eq!(weather.leave(at(1)), Leave::Wait(at(5)));
        assert_eq!(weather.leave(at(5)), Leave::Mails(1));
        weather.unanswered(at(5));
        assert_eq!(weather.leave(at(6)), Leave::Wait(at(15)));
        weather.answered();
        assert_eq!(weather.leave(at(6)), Leave::Mails(FAIR));
    }
}
