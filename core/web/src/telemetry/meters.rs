//! Counters and histograms of requests, registered once for each route, method and class
//! of status, so that a request looks nothing up by name.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use estampe_domain::metric;
use metrics::{Counter, Gauge, Histogram};

use crate::headers::Surface;

/// The label of an address that no route has.
const NO_ROUTE: &str = "none";

/// Methods that are told apart.
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "other"];
/// Classes of status; the last is that of an answer that nobody waited for.
const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", GONE];
const GONE: &str = "gone";

/// Those of one listener's worker.
pub struct Meters {
    surface: &'static str,
    /// Requests that are not answered yet.
    pub in_flight: Gauge,
    /// The page that is asked for more than all others.
    card: Rc<Route>,
    routes: RefCell<HashMap<String, Rc<Route>>>,
}

/// Those of one route.
pub struct Route {
    surface: &'static str,
    /// Its pattern, without the expressions that its parts must fit.
    pub pattern: String,
    series: [[OnceCell<(Counter, Histogram)>; CLASSES.len()]; METHODS.len()],
}

impl Meters {
    /// None yet of the listener's routes but the card's.
    pub fn new(surface: Surface) -> Self {
        let surface = surface.as_str();
        Self {
            surface,
            in_flight: metrics::gauge!(metric::HTTP_IN_FLIGHT.name, "surface" => surface),
            card: Rc::new(Route::new(surface, "/c/{public_id}".to_owned())),
            routes: RefCell::default(),
        }
    }

    /// The card's.
    pub fn card(&self) -> Rc<Route> {
        Rc::clone(&self.card)
    }

    /// Those of the route with this pattern, as actix writes it.
    pub fn route(&self, pattern: Option<&str>) -> Rc<Route> {
        let pattern = pattern.unwrap_or(NO_ROUTE);
        if let Some(known) = self.routes.borrow().get(pattern) {
            return Rc::clone(known);
        }
        let route = Rc::new(Route::new(self.surface, plain(pattern)));
        self.routes.borrow_mut().insert(pattern.to_owned(), Rc::clone(&route));
        route
    }
}

impl Route {
    fn new(surface: &'static str, pattern: String) -> Self {
        Self { surface, pattern, series: Default::default() }
    }

    /// Notes an answer; `None` when nobody waited for one.
    pub fn answered(&self, method: usize, status: Option<StatusCode>, time: Duration) {
        let class = status.map_or(CLASSES.len() - 1, |status| usize::from(status.as_u16() / 100).clamp(1, 5) - 1);
        let Some(series) = self.series.get(method).and_then(|classes| classes.get(class)) else { return };
        let (requests, duration) = series.get_or_init(|| self.register(method, class));
        requests.increment(1);
        duration.record(time);
    }

    fn register(&self, method: usize, class: usize) -> (Counter, Histogram) {
        let label = |names: &[&'static str], at: usize| names.get(at).copied().unwrap_or_default();
        let labels = [
            ("surface", self.surface.to_owned()),
            ("route", self.pattern.clone()),
            ("method", label(&METHODS, method).to_owned()),
            ("status", label(&CLASSES, class).to_owned()),
        ];
        (
            metrics::counter!(metric::HTTP_REQUESTS.name, &labels),
            metrics::histogram!(metric::HTTP_REQUEST_DURATION.name, &labels),
        )
    }
}

/// Which of the methods that are told apart.
pub fn method(method: &Method) -> usize {
    METHODS.iter().position(|name| *name == method.as_str()).unwrap_or(METHODS.len() - 1)
}

/// A method as it is told: only such as are known, for others may be anything.
pub fn method_name(method: usize) -> &'static str {
    METHODS.get(method).copied().unwrap_or_default()
}

/// `/c/{public_id:[^/.]+}.vcf` as `/c/{public_id}.vcf`. Expressions may hold braces.
fn plain(pattern: &str) -> String {
    let (mut out, mut depth, mut skipping) = (String::with_capacity(pattern.len()), 0_u32, false);
    for c in pattern.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 1 => skipping = true,
            _ => {}
        }
        if depth == 0 {
            skipping = false;
        }
        if !skipping {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_told_without_their_expressions() {
        assert_eq!(plain("/c/{public_id:[^/.]+}.vcf"), "/c/{public_id}.vcf");
        assert_eq!(plain("/c/{public_id:[a-z]{26}}/qr"), "/c/{public_id}/qr");
        assert_eq!(plain("/people/{id}"), "/people/{id}");
        assert_eq!(plain("/"), "/");
    }

    #[test]
    fn invented_methods_are_not_told() {
        assert_eq!(method_name(method(&Method::HEAD)), "HEAD");
        assert_eq!(method_name(method(&Method::from_bytes(b"CANARI").unwrap())), "other");
    }
}
