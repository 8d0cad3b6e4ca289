//! The one way to register a route, so that every listener can say what it answers to:
//! tests walk that list, and nothing is registered beside it.

use actix_web::error::PathError;
use actix_web::{FromRequest, Handler, HttpRequest, Resource, Responder, Scope, guard, web};
use estampe_domain::Actor;

use crate::error::Fault;
use crate::headers::Surface;
use crate::visit::Visit;
use crate::{api, console, operator, plain, public};

/// An address that a listener answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `HEAD`, `POST`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The path, with `{name}` or `{name:expression}` where a parameter stands.
    pub pattern: String,
}

/// Every route of a listener, in the order in which they are tried. Whatever else is
/// asked of it gets the answer for unknown addresses.
pub fn routes(surface: Surface) -> Vec<Route> {
    let table = match surface {
        Surface::Public => public::routes(),
        Surface::Console => console::routes(),
        Surface::Api => api::routes(),
        Surface::Operator => operator::routes(),
        Surface::Plain => plain::routes(),
    };
    table.list()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// With HEAD, which is answered by the same handler.
    Get,
    Post,
    Patch,
    Delete,
}

struct Row {
    verb: Verb,
    prefix: &'static str,
    pattern: &'static str,
    route: actix_web::Route,
}

/// The routes of a listener before they are registered.
pub(crate) struct Table {
    prefix: &'static str,
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self { prefix: "", rows: Vec::new() }
    }

    /// Answers GET and HEAD.
    pub(crate) fn get<F, A>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let route = web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(handler);
        self.row(Verb::Get, pattern, route)
    }

    /// Answers POST.
    pub(crate) fn post<F, A>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.row(Verb::Post, pattern, web::post().to(handler))
    }

    /// Answers PATCH.
    pub(crate) fn patch<F, A>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.row(Verb::Patch, pattern, web::patch().to(handler))
    }

    /// Answers DELETE.
    pub(crate) fn delete<F, A>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.row(Verb::Delete, pattern, web::delete().to(handler))
    }

    /// Routes below a prefix. They cost those before them nothing: the router looks
    /// into a scope only when its prefix fits.
    pub(crate) fn scope(mut self, prefix: &'static str, fill: impl FnOnce(Self) -> Self) -> Self {
        debug_assert!(self.prefix.is_empty(), "a scope within a scope takes its place");
        let outer = std::mem::replace(&mut self.prefix, prefix);
        let mut filled = fill(self);
        filled.prefix = outer;
        filled
    }

    fn row(mut self, verb: Verb, pattern: &'static str, route: actix_web::Route) -> Self {
        self.rows.push(Row { verb, prefix: self.prefix, pattern, route });
        self
    }

    pub(crate) fn list(&self) -> Vec<Route> {
        let mut list = Vec::new();
        for row in &self.rows {
            let methods: &[_] = match row.verb {
                Verb::Get => &["GET", "HEAD"],
                Verb::Post => &["POST"],
                Verb::Patch => &["PATCH"],
                Verb::Delete => &["DELETE"],
            };
            let pattern = || format!("{}{}", row.prefix, row.pattern);
            list.extend(methods.iter().map(|method| Route { method, pattern: pattern() }));
        }
        list
    }

    /// Registers them. `refuse` makes the answer to a method that an address does not
    /// have, of the methods that it has.
    pub(crate) fn register(self, config: &mut web::ServiceConfig, refuse: impl Fn(&'static str) -> actix_web::Route) {
        config.app_data(web::PathConfig::default().error_handler(not_found));
        let mut rows = self.rows.into_iter().peekable();
        while let Some(first) = rows.next() {
            let prefix = first.prefix;
            let mut addresses = vec![Address::of(first)];
            // all of an address, and all of a scope, in one
            while let Some(row) = rows.next_if(|row| row.prefix == prefix) {
                match addresses.iter_mut().find(|address| address.pattern == row.pattern) {
                    Some(address) => address.add(row),
                    None => addresses.push(Address::of(row)),
                }
            }
            if prefix.is_empty() {
                for address in addresses {
                    config.service(address.resource(&refuse));
                }
            } else {
                let scope = Scope::new(prefix);
                config.service(addresses.into_iter().fold(scope, |scope, a| scope.service(a.resource(&refuse))));
            }
        }
    }
}

/// A path that cannot be read leads nowhere, and looks like any other that does not.
fn not_found(_: PathError, request: &HttpRequest) -> actix_web::Error {
    Visit::of(request, Actor::Visitor).map_or_else(|error| error, |visit| Fault::not_found(&visit).into())
}

/// An address with all its methods.
struct Address {
    pattern: &'static str,
    verbs: Vec<Verb>,
    routes: Vec<actix_web::Route>,
}

impl Address {
    fn of(row: Row) -> Self {
        Self { pattern: row.pattern, verbs: vec![row.verb], routes: vec![row.route] }
    }

    fn add(&mut self, row: Row) {
        self.verbs.push(row.verb);
        self.routes.push(row.route);
    }

    fn resource(self, refuse: impl Fn(&'static str) -> actix_web::Route) -> Resource {
        let has = |verb| self.verbs.contains(&verb);
        let allowed = match (has(Verb::Get), has(Verb::Post), has(Verb::Patch), has(Verb::Delete)) {
            (true, false, false, false) => "GET, HEAD",
            (true, true, false, false) => "GET, HEAD, POST",
            (true, false, true, false) => "GET, HEAD, PATCH",
            (true, false, false, true) => "DELETE, GET, HEAD",
            (true, true, true, false) => "GET, HEAD, PATCH, POST",
            (true, true, false, true) => "DELETE, GET, HEAD, POST",
            (true, false, true, true) => "DELETE, GET, HEAD, PATCH",
            (true, true, true, true) => "DELETE, GET, HEAD, PATCH, POST",
            (false, true, false, false) => "POST",
            (false, false, true, false) => "PATCH",
            (false, false, false, true) => "DELETE",
            (false, true, true, false) => "PATCH, POST",
            (false, true, false, true) => "DELETE, POST",
            (false, false, true, true) => "DELETE, PATCH",
            (false, true, true, true) => "DELETE, PATCH, POST",
            (false, false, false, false) => "",
        };
        let resource = Resource::new(self.pattern).default_service(refuse(allowed));
        self.routes.into_iter().fold(resource, Resource::route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hot_page_is_tried_first() {
        let list = routes(Surface::Public);
        assert_eq!(list.first().map(|route| route.pattern.as_str()), Some("/c/{public_id:[^/.]+}"));
        // and no address stands there twice: the second would never be reached
        for surface in [Surface::Public, Surface::Console, Surface::Api, Surface::Operator] {
            let list = routes(surface);
            for (at, route) in list.iter().enumerate() {
                assert!(!list.iter().skip(at + 1).any(|other| other == route), "{route:?}");
            }
        }
    }
}
