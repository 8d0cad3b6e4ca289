//! The trait of the world `signature-template-plugin`, and how it becomes exports.

use std::marker::PhantomData;
use std::sync::Once;

use crate::bindings::estampe::plugin as imports;
use crate::template_bindings::exports::estampe::plugin::signature_template::Guest;
pub use crate::template_bindings::exports::estampe::plugin::signature_template::{Rendered, Template};
use crate::{Attribute, Failure, LogLevel, Value};

/// Makes e-mail signatures. One instance may make those of several people, one after
/// another: keep nothing from one to the next.
pub trait SignatureTemplate {
    /// Which attributes it makes use of, and which languages it writes. Needs nothing.
    fn describe() -> Template;

    /// Makes one signature: the same from the same input. What people typed is written by
    /// [`html::escape`](crate::html::escape); whatever acts is taken out by the host.
    ///
    /// # Errors
    /// A [`Failure`] concerns this person alone; the others still get theirs.
    fn render(host: &dyn TemplateHost, input: &SignatureInput) -> Result<Rendered, Failure>;
}

/// The imports that templates have.
pub trait TemplateHost {
    /// Writes a line to the log, which administrators read. At most 1,000 octets a line and
    /// 200 lines a call; never a person's data.
    fn log(&self, level: LogLevel, message: &str);

    /// Microseconds since 1970-01-01T00:00:00Z. What is rendered depends on the day that
    /// comes with the input, not on this.
    fn now(&self) -> i64;

    /// The value of one key of the configuration; none when it was not set. See
    /// [`config`](crate::config) for typed reading.
    fn config(&self, key: &str) -> Option<String>;
}

/// What one signature is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignatureInput {
    /// Whose it is.
    pub person: Attributes,
    /// Their organisation, in the same names.
    pub organisation: Attributes,
    /// In which language, as a tag of RFC 5646: `fr`, `en`, `fr-CA`.
    pub locale: String,
    /// For which day: `2026-07-14`.
    pub day: String,
}

impl SignatureInput {
    /// Whether it is to be in this language, whatever the region.
    pub fn is_in(&self, language: &str) -> bool {
        self.locale.split('-').next().is_some_and(|first| first.eq_ignore_ascii_case(language))
    }
}

/// Attributes by their standard names, in any case. Only those are here that the manifest
/// asks for and a grant names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<Attribute>);

impl Attributes {
    /// The first text of an attribute, without blanks around it; none when it is empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }

    /// The texts of an attribute, without blanks around them and without empty ones.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |attribute| attribute.name.eq_ignore_ascii_case(name));
        let texts = named.flat_map(|attribute| match &attribute.value {
            Value::Text(text) => std::slice::from_ref(text),
            Value::Texts(texts) => texts.as_slice(),
            Value::Flag(_) | Value::Number(_) => &[],
        });
        texts.map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// All of them.
    pub fn as_slice(&self) -> &[Attribute] {
        &self.0
    }

    /// Adds a text: for tests.
    pub fn with_text(mut self, name: &str, text: &str) -> Self {
        self.0.push(Attribute { name: name.to_owned(), value: Value::Text(text.to_owned()) });
        self
    }
}

impl From<Vec<Attribute>> for Attributes {
    fn from(attributes: Vec<Attribute>) -> Self {
        Self(attributes)
    }
}

/// Joins a [`SignatureTemplate`] to the generated exports.
#[derive(Debug)]
pub struct Templating<T>(PhantomData<T>);

impl<T: SignatureTemplate> Guest for Templating<T> {
    fn describe() -> Template {
        hook_panics();
        T::describe()
    }

    fn render(
        person: Vec<Attribute>,
        organisation: Vec<Attribute>,
        locale: String,
        day: String,
    ) -> Result<Rendered, Failure> {
        hook_panics();
        let input = SignatureInput { person: person.into(), organisation: organisation.into(), locale, day };
        T::render(&TemplatingHost, &input)
    }
}

/// The host of the running component. It names three imports and no more: whatever else it
/// named, the component would ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct TemplatingHost;

impl TemplateHost for TemplatingHost {
    fn log(&self, level: LogLevel, message: &str) {
        imports::log::write(level, message);
    }

    fn now(&self) -> i64 {
        imports::clock::now()
    }

    fn config(&self, key: &str) -> Option<String> {
        imports::config::get(key)
    }
}

/// A trap tells the host nothing: say that there was a panic, and where. Its words are left
/// out: they may quote what was rendered.
fn hook_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            TemplatingHost.log(LogLevel::Error, &format!("the plugin panicked at {place}"));
        }));
    });
}

/// Exports a [`SignatureTemplate`] as the component's world `signature-template-plugin`. Does
/// nothing on other targets than `wasm32`, so that the crate's tests run natively.
#[macro_export]
macro_rules! export_signature_template {
    ($template:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::Templating<$template>;
            $crate::template_bindings::export_signature_template_plugin!(
                Exported with_types_in $crate::template_bindings
            );
        };
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ScriptedHost;
    use crate::{config, html};

    struct Hello;

    impl SignatureTemplate for Hello {
        fn describe() -> Template {
            Template {
                person_attributes: vec!["cn".into()],
                organisation_attributes: vec!["o".into()],
                locales: vec!["fr".into()],
            }
        }

        fn render(host: &dyn TemplateHost, input: &SignatureInput) -> Result<Rendered, Failure> {
            let name = input.person.text("cn").ok_or_else(|| Failure::config("nobody without a name"))?;
            let mark = config::require(host, "mark")?;
            let html = format!("<b>{}</b> {mark}", html::escape(name));
            Ok(Rendered { html, text: format!("{name} {mark}") })
        }
    }

    export_signature_template!(Hello);

    #[test]
    fn a_template_runs_natively() {
        let host = ScriptedHost::new().with_config("mark", "!");
        let person = Attributes::from(vec![Attribute {
            name: "CN".into(),
            value: Value::Texts(vec![" ".into(), " Zoé <L> ".into(), "Zo".into()]),
        }]);
        let mut input = SignatureInput { person, locale: "fr-CA".into(), ..SignatureInput::default() };
        let rendered = Hello::render(&host, &input).unwrap();
        assert_eq!((rendered.html.as_str(), rendered.text.as_str()), ("<b>Zoé &lt;L&gt;</b> !", "Zoé <L> !"));
        assert!(input.is_in("fr") && !input.is_in("en"));
        assert!(Hello::render(&ScriptedHost::new(), &input).unwrap_err().message.contains("`mark`"));
        input.person = Attributes::default();
        assert!(Hello::render(&host, &input).is_err());
    }
}
