//! What a reader of a signature has before their eyes, line by line, and how two of them differ.
//! Nothing of the HTML is left in it: words, where links lead, and pictures.

use scraper::node::Element;
use scraper::{Html, Node};

use super::same::{collapsed, is_block, is_soon_read};

/// Lines of each that are compared; a signature has a dozen.
const MOST: usize = 300;

/// One thing that a reader sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A line of words.
    Words(String),
    /// Where words above lead, when they do not say so themselves.
    Link(String),
    /// A picture.
    Picture {
        /// What stands in its place where it is not shown.
        alt: String,
        /// Where it comes from.
        from: String,
    },
}

/// Whether something stands in the first, in the second, or in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// In both.
    Same,
    /// In the first alone.
    Gone,
    /// In the second alone.
    New,
}

/// Everything that stands in one of two signatures, in its order; none when one is too long to be
/// compared.
pub fn difference(before: &str, after: &str) -> Option<Vec<(Change, Seen)>> {
    if !is_soon_read(before) || !is_soon_read(after) {
        return None;
    }
    let (before, after) = (readable(before), readable(after));
    (before.len() <= MOST && after.len() <= MOST).then(|| compared(before, after))
}

/// Whether two signatures say the same words, and any at all; how they look is left aside.
pub(super) fn says_the_same(one: &str, other: &str) -> bool {
    if !is_soon_read(one) || !is_soon_read(other) {
        return false;
    }
    let words = |html| -> String {
        let words = readable(html).into_iter().filter_map(|seen| match seen {
            Seen::Words(words) => Some(words),
            Seen::Link(_) | Seen::Picture { .. } => None,
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let one = words(one);
    !one.is_empty() && one == words(other)
}

/// What a reader sees, in order.
fn readable(html: &str) -> Vec<Seen> {
    let read = Html::parse_fragment(html);
    let mut reader = Reader::default();
    for edge in read.tree.root().traverse() {
        match edge {
            ego_tree::iter::Edge::Open(node) => match node.value() {
                Node::Element(element) => reader.open(element),
                Node::Text(text) if reader.hidden == 0 => reader.line.push_str(text),
                _ => {}
            },
            ego_tree::iter::Edge::Close(node) => {
                if let Node::Element(element) = node.value() {
                    reader.close(element);
                }
            }
        }
    }
    reader.end_line();
    reader.seen
}

#[derive(Default)]
struct Reader {
    seen: Vec<Seen>,
    line: String,
    /// Where the words of this line lead.
    links: Vec<String>,
    /// Elements around that show nothing.
    hidden: u32,
}

impl Reader {
    fn open(&mut self, element: &Element) {
        let of = |name| visible(element.attr(name).unwrap_or_default());
        match element.name() {
            name if shows_nothing(name) => self.hidden += 1,
            _ if self.hidden > 0 => {}
            "img" => {
                self.end_line();
                self.seen.push(Seen::Picture { alt: of("alt"), from: of("src") });
            }
            "a" => self.links.extend(Some(of("href")).filter(|to| !to.is_empty())),
            name if is_block(name) => self.end_line(),
            _ => {}
        }
    }

    fn close(&mut self, element: &Element) {
        let name = element.name();
        if shows_nothing(name) {
            self.hidden = self.hidden.saturating_sub(1);
        } else if self.hidden == 0 && is_block(name) {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let line = visible(&collapsed(&std::mem::take(&mut self.line)));
        let links = std::mem::take(&mut self.links);
        let says = |to: &String| {
            let said = to.strip_prefix("mailto:").or_else(|| to.strip_prefix("https://")).unwrap_or(to);
            line.split(' ').any(|word| word == said.trim_end_matches('/') || word == to)
        };
        let links: Vec<_> = links.into_iter().filter(|to| !says(to)).map(Seen::Link).collect();
        if !line.is_empty() {
            self.seen.push(Seen::Words(line));
        }
        self.seen.extend(links);
    }
}

fn shows_nothing(name: &str) -> bool {
    matches!(
        name,
        "head" | "title" | "style" | "script" | "template" | "noscript" | "iframe" | "object" | "svg" | "math"
    )
}

/// Without what steers a terminal or turns text around.
fn visible(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    text.chars().filter(|c| !c.is_control() && !turns(*c)).collect::<String>().trim().to_owned()
}

/// The longest common subsequence stays, the rest goes or comes.
fn compared(before: Vec<Seen>, after: Vec<Seen>) -> Vec<(Change, Seen)> {
    // longest[i][j]: of what follows i there and j here
    let mut longest = vec![vec![0_u16; after.len() + 1]; before.len() + 1];
    let at = |table: &[Vec<u16>], i: usize, j: usize| table.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0);
    for (i, one) in before.iter().enumerate().rev() {
        for (j, other) in after.iter().enumerate().rev() {
            let best = if one == other {
                at(&longest, i + 1, j + 1) + 1
            } else {
                at(&longest, i + 1, j).max(at(&longest, i, j + 1))
            };
            if let Some(cell) = longest.get_mut(i).and_then(|row| row.get_mut(j)) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j, mut all) = (0, 0, Vec::new());
    let (mut before, mut after) = (before.into_iter().peekable(), after.into_iter().peekable());
    loop {
        let change = match (before.peek(), after.peek()) {
            (None, None) => break,
            (Some(one), Some(other)) if one == other => Change::Same,
            (Some(_), None) => Change::Gone,
            (Some(_), Some(_)) if at(&longest, i + 1, j) >= at(&longest, i, j + 1) => Change::Gone,
            (_, Some(_)) => Change::New,
        };
        let next = if change == Change::New { after.next() } else { before.next() };
        i += usize::from(change != Change::New);
        j += usize::from(change != Change::Gone);
        if change == Change::Same {
            after.next();
        }
        all.extend(next.map(|seen| (change, seen)));
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Seen {
        Seen::Words(text.to_owned())
    }

    #[test]
    fn a_signature_is_read_as_a_person_reads_it() {
        let html = "<style>p{}</style><table><tr><td><img src=\"https://a/logo.png\" alt=\"Banque\"></td><td><b>Zoé</b> \
                    Lefèvre<br>  Directrice </td></tr></table><script>alert(1)</script>\
                    <a href=\"mailto:zoe@a.example\">zoe@a.example</a> <a href=\"https://b.example/x\">Site</a>";
        let picture = Seen::Picture { alt: "Banque".into(), from: "https://a/logo.png".into() };
        let link = Seen::Link("https://b.example/x".into());
        let seen = [picture, words("Zoé Lefèvre"), words("Directrice"), words("zoe@a.example Site"), link];
        assert_eq!(readable(html), seen);
        // a link that leads elsewhere than it says is told
        assert_eq!(
            readable("<a href=\"mailto:eve@b.example\">zoe@a.example</a>"),
            [words("zoe@a.example"), Seen::Link("mailto:eve@b.example".into())]
        );
        assert_eq!(readable("\u{202e}A\u{0}\u{200b}B"), [words("AB")]);
        assert_eq!(readable(" <p> </p> "), []);
    }

    #[test]
    fn what_changed_stands_where_it_changed() {
        use Change::{Gone, New, Same};
        let found = difference("<p>Zoé</p><p>Juriste</p><p>Pau</p>", "<p>Zoé</p><p>Directrice</p><p>Pau</p><p>2</p>");
        let told = [(Same, "Zoé"), (Gone, "Juriste"), (New, "Directrice"), (Same, "Pau"), (New, "2")];
        assert_eq!(found.unwrap(), told.map(|(change, text)| (change, words(text))));
        assert_eq!(difference("", ""), Some(Vec::new()));
        assert_eq!(difference(&"<p>A</p>".repeat(MOST + 1), ""), None);
    }

    proptest! {
        #[test]
        fn both_can_be_read_back(before in proptest::collection::vec(0..4_u8, 0..9), after in proptest::collection::vec(0..4_u8, 0..9)) {
            let seen = |of: &[u8]| of.iter().map(|one| words(&one.to_string())).collect::<Vec<_>>();
            let all = compared(seen(&before), seen(&after));
            let but = |not: Change| all.iter().filter(|(change, _)| *change != not).map(|(_, seen)| seen.clone()).collect::<Vec<_>>();
            prop_assert_eq!(but(Change::New), seen(&before));
            prop_assert_eq!(but(Change::Gone), seen(&after));
        }

        #[test]
        fn whatever_stands_in_a_mailbox_is_read(html in "[ -~<>/=\"'&;é\n]{0,80}") {
            readable(&html);
        }
    }
}
