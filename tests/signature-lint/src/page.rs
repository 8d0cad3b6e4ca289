//! A signature as it is parsed: by the algorithm of browsers, which is the host's as well.

use scraper::{ElementRef, Html, Node};

/// One signature.
#[derive(Debug)]
pub struct Page {
    /// Its HTML as it was rendered.
    pub html: String,
    /// Its plain text.
    pub text: String,
    /// What a comment of HTML says, each.
    pub comments: Vec<String>,
    /// Its elements in the order of the document.
    pub elements: Vec<Element>,
    /// Its texts that are not blank.
    pub texts: Vec<Text>,
}

/// One element.
#[derive(Debug)]
pub struct Element {
    /// Its name in lower case.
    pub name: String,
    /// Its attributes, names in lower case.
    pub attributes: Vec<(String, String)>,
    /// Its style, declaration by declaration; names in lower case.
    pub styles: Vec<(String, String)>,
    /// The elements that it stands in, by their places in [`Page::elements`]; the nearest first.
    pub within: Vec<usize>,
}

/// A text.
#[derive(Debug)]
pub struct Text {
    /// What it says.
    pub content: String,
    /// The elements that it stands in, by their places; the nearest first.
    pub within: Vec<usize>,
}

impl Page {
    /// Parses it.
    pub fn read(html: &str, text: &str) -> Self {
        let parsed = Html::parse_fragment(html);
        let mut page = Self {
            html: html.to_owned(),
            text: text.to_owned(),
            comments: Vec::new(),
            elements: Vec::new(),
            texts: Vec::new(),
        };
        page.walk(parsed.root_element(), &[]);
        page
    }

    fn walk(&mut self, parent: ElementRef<'_>, within: &[usize]) {
        for node in parent.children() {
            match node.value() {
                Node::Comment(comment) => self.comments.push(comment.to_string()),
                Node::Text(text) if !text.trim().is_empty() => {
                    self.texts.push(Text { content: text.trim().to_owned(), within: within.to_vec() });
                }
                Node::Element(_) => {
                    let Some(element) = ElementRef::wrap(node) else { continue };
                    let here = self.elements.len();
                    self.elements.push(Element::read(element, within));
                    let inner: Vec<usize> = std::iter::once(here).chain(within.iter().copied()).collect();
                    self.walk(element, &inner);
                }
                _ => {}
            }
        }
    }

    /// Those elements, the nearest first.
    pub fn at<'p>(&'p self, places: &'p [usize]) -> impl Iterator<Item = &'p Element> {
        places.iter().filter_map(|place| self.elements.get(*place))
    }

    /// Elements of this name, with their places.
    pub fn named<'p>(&'p self, name: &'p str) -> impl Iterator<Item = (usize, &'p Element)> {
        self.elements.iter().enumerate().filter(move |(_, element)| element.name == name)
    }

    /// All declarations with the element that each stands at.
    pub fn declarations(&self) -> impl Iterator<Item = (&Element, &str, &str)> {
        self.elements.iter().flat_map(|element| {
            element.styles.iter().map(move |(property, value)| (element, property.as_str(), value.as_str()))
        })
    }
}

impl Element {
    fn read(element: ElementRef<'_>, within: &[usize]) -> Self {
        let value = element.value();
        let attributes = value.attrs().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let styles = value.attr("style").map(declarations).unwrap_or_default();
        Self { name: value.name().to_ascii_lowercase(), attributes, styles, within: within.to_vec() }
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(named, _)| named == name).map(|(_, value)| value.as_str())
    }

    /// The value of a property of its style: the last one counts.
    pub fn style(&self, property: &str) -> Option<&str> {
        self.styles.iter().rev().find(|(named, _)| named == property).map(|(_, value)| value.as_str())
    }
}

/// The declarations of a style. A `;` in quotes or brackets does not end one.
fn declarations(style: &str) -> Vec<(String, String)> {
    let mut parts = vec![String::new()];
    let (mut quote, mut depth) = (None, 0_usize);
    for character in style.chars() {
        match (character, quote) {
            (_, Some(open)) if character == open => quote = None,
            ('"' | '\'', None) => quote = Some(character),
            ('(', None) => depth += 1,
            (')', None) => depth = depth.saturating_sub(1),
            (';', None) if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    let pairs = parts.iter().filter(|part| !part.trim().is_empty()).map(|part| {
        let (property, value) = part.split_once(':').unwrap_or((part, ""));
        (property.trim().to_ascii_lowercase(), value.trim().to_owned())
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_read_as_they_are_meant() {
        let read = declarations(" COLOR : #333333 ;font-family:'a;b',serif;; background:url(x;y)");
        let expected = [("color", "#333333"), ("font-family", "'a;b',serif"), ("background", "url(x;y)")];
        assert_eq!(read, expected.map(|(property, value)| (property.to_owned(), value.to_owned())));
    }

    #[test]
    fn everything_knows_what_it_stands_in() {
        let page = Page::read("<table><tr><td><b>Zoé</b><!-- a --></td></tr></table>", "");
        let text = page.texts.first().unwrap();
        let names: Vec<&str> = page.at(&text.within).map(|element| element.name.as_str()).collect();
        assert_eq!(names, ["b", "td", "tr", "tbody", "table"]);
        assert_eq!(page.comments, [" a "]);
    }
}
