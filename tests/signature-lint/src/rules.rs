//! The rules: what each demands, why, of which clients, and where that is written.
//! docs/plugins/signatures.md shows them as a table, and a test holds it to them.

use std::fmt;

use crate::checks::{colour, font, link, picture, structure, style, text};
use crate::page::Page;

/// A mail client that a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Gmail in the browser and on telephones.
    Gmail,
    /// Outlook for Windows, which draws with Word's engine.
    Word,
    /// The new Outlook, Outlook on the web and on telephones.
    Outlook,
    /// Mail on macOS and iOS.
    AppleMail,
    /// Thunderbird.
    Thunderbird,
}

impl fmt::Display for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Gmail => "Gmail",
            Self::Word => "Outlook for Windows",
            Self::Outlook => "Outlook new and web",
            Self::AppleMail => "Apple Mail",
            Self::Thunderbird => "Thunderbird",
        })
    }
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What findings and documents call it; it never changes.
    pub id: &'static str,
    /// What it demands.
    pub demand: &'static str,
    /// What happens otherwise.
    pub why: &'static str,
    /// Where it happens.
    pub clients: &'static [Client],
    /// Where that is written.
    pub source: &'static str,
    /// A line for each place where it is not kept.
    pub(crate) check: fn(&Page) -> Vec<String>,
}

/// Each of them.
pub(crate) const ALL: &[Client] =
    &[Client::Gmail, Client::Word, Client::Outlook, Client::AppleMail, Client::Thunderbird];

/// All rules, those of structure first.
pub const RULES: &[Rule] = &[
    Rule {
        id: "size",
        demand: "at most 10,000 characters of HTML",
        why: "Gmail takes no longer signature; the host refuses it",
        clients: &[Client::Gmail],
        source: "[Google: create a Gmail signature](https://support.google.com/mail/answer/8395)",
        check: structure::size,
    },
    Rule {
        id: "nesting",
        demand: "every element written out, `tbody` too, closed and nested",
        why: "each parser mends in its own way, and Gmail gives back what it mended: it would look changed each time it is compared",
        clients: ALL,
        source: "[HTML, 13.2](https://html.spec.whatwg.org/multipage/parsing.html)",
        check: structure::nesting,
    },
    Rule {
        id: "one-table",
        demand: "one table at the top, and everything in it",
        why: "what stands beside it takes the font and the gaps of the mail around it",
        clients: ALL,
        source: "practice",
        check: structure::one_table,
    },
    Rule {
        id: "layout-elements",
        demand: "tables, texts, links and pictures; no `p`, `div`, headings, lists, `hr`, `font`",
        why: "Word gives paragraphs its own gaps, and neither `div` nor `p` a width or padding",
        clients: &[Client::Word],
        source: "[Microsoft: HTML and CSS in Outlook, which draws with Word](<https://learn.microsoft.com/en-us/previous-versions/office/developer/office-2007/aa338201(v=office.12)>); [R. Parmentier: the rendering engine of Outlook](https://www.hteumeuleu.com/2020/outlook-rendering-engine/)",
        check: structure::layout_elements,
    },
    Rule {
        id: "no-active",
        demand: "no scripts, handlers, forms, frames, video, SVG",
        why: "clients neither run, play nor submit them, and the host takes them out",
        clients: ALL,
        source: "[caniemail: html-form](https://www.caniemail.com/features/html-form/), [caniemail: html-video](https://www.caniemail.com/features/html-video/), [caniemail: html-svg](https://www.caniemail.com/features/html-svg/); what the host lets through ([README](README.md))",
        check: structure::no_active,
    },
    Rule {
        id: "no-style-sheet",
        demand: "styles at the elements; no `style`, `link`, `class`, `id`",
        why: "a style sheet in the body of a mail, where a signature stands, counts neither in Gmail nor in Word; without one, names serve nothing",
        clients: &[Client::Gmail, Client::Word],
        source: "[caniemail: html-style](https://www.caniemail.com/features/html-style/); what the host lets through ([README](README.md))",
        check: structure::no_style_sheet,
    },
    Rule {
        id: "attributes",
        demand: "only attributes that the host knows: those of the table layout, `href`, `src`, `alt`, `style`, `lang`, `dir`, `title`, `role`",
        why: "the host takes out the others (`target`, `aria-…`, `data-…`), so that what is written is not what stands in the mailbox",
        clients: ALL,
        source: "what the host lets through ([README](README.md))",
        check: structure::attributes,
    },
    Rule {
        id: "no-comments",
        demand: "no comments, no conditional ones either",
        why: "the host takes them out, and with them what is for Word alone",
        clients: ALL,
        source: "what the host lets through ([README](README.md))",
        check: structure::no_comments,
    },
    Rule {
        id: "table-role",
        demand: "`role=\"presentation\"` at each table",
        why: "screen readers announce rows and columns otherwise",
        clients: ALL,
        source: "[WCAG 2.2, 1.3.1](https://www.w3.org/TR/WCAG22/#info-and-relationships)",
        check: structure::table_role,
    },
    Rule {
        id: "table-reset",
        demand: "`cellpadding`, `cellspacing` and `border` at each table, as numbers",
        why: "clients begin with gaps and borders of their own, and every one heeds the attributes",
        clients: ALL,
        source: "[Microsoft: HTML and CSS in Outlook, which draws with Word](<https://learn.microsoft.com/en-us/previous-versions/office/developer/office-2007/aa338201(v=office.12)>); practice",
        check: structure::table_reset,
    },
    Rule {
        id: "columns",
        demand: "as many columns in each row of a table (`colspan`)",
        why: "rows that differ are an error of the table model, and each engine makes up for it in its own way",
        clients: ALL,
        source: "[HTML, 4.9.12: table model errors](https://html.spec.whatwg.org/multipage/tables.html#table-model-error)",
        check: structure::columns,
    },
    Rule {
        id: "lang",
        demand: "`lang` around each text",
        why: "screen readers read with the voice of the mail otherwise",
        clients: ALL,
        source: "[WCAG 2.2, 3.1.2](https://www.w3.org/TR/WCAG22/#language-of-parts)",
        check: structure::lang,
    },
    Rule {
        id: "layout-properties",
        demand: "no `float`, `position`, flex, grid, transforms; nothing hidden",
        why: "Word knows none of them, and Gmail and the host take most out",
        clients: &[Client::Word, Client::Gmail],
        source: "[caniemail: css-float](https://www.caniemail.com/features/css-float/), [caniemail: css-position](https://www.caniemail.com/features/css-position/), [caniemail: css-display-flex](https://www.caniemail.com/features/css-display-flex/), [caniemail: css-display-grid](https://www.caniemail.com/features/css-display-grid/); [Microsoft: HTML and CSS in Outlook, which draws with Word](<https://learn.microsoft.com/en-us/previous-versions/office/developer/office-2007/aa338201(v=office.12)>)",
        check: style::layout_properties,
    },
    Rule {
        id: "background-image",
        demand: "no pictures as background, no `background`, no `url()`",
        why: "Word does not show them, and text on them turns over in dark mode while they do not",
        clients: &[Client::Word, Client::Outlook],
        source: "[caniemail: css-background-image](https://www.caniemail.com/features/css-background-image/); [Microsoft: HTML and CSS in Outlook, which draws with Word](<https://learn.microsoft.com/en-us/previous-versions/office/developer/office-2007/aa338201(v=office.12)>)",
        check: style::background_image,
    },
    Rule {
        id: "properties",
        demand: "only properties that Word, Gmail and the host know",
        why: "others are lost somewhere; `border-radius` and `opacity` look different in Outlook",
        clients: &[Client::Word, Client::Gmail],
        source: "[Microsoft: HTML and CSS in Outlook, which draws with Word](<https://learn.microsoft.com/en-us/previous-versions/office/developer/office-2007/aa338201(v=office.12)>); [Google: CSS that Gmail takes](https://developers.google.com/workspace/gmail/design/css)",
        check: style::properties,
    },
    Rule {
        id: "units",
        demand: "`px`, `pt`, `%` or a bare number; no `rem`, `em`, `vw`, `calc()`, `var()`",
        why: "Word and some web mails know neither `rem` nor `calc()`; `em` is a share of what surrounds the signature",
        clients: &[Client::Word, Client::Outlook],
        source: "[caniemail: css-unit-rem](https://www.caniemail.com/features/css-unit-rem/), [caniemail: css-unit-calc](https://www.caniemail.com/features/css-unit-calc/)",
        check: style::units,
    },
    Rule {
        id: "max-width",
        demand: "`max-width` only beside the attribute `width` as a number",
        why: "Word ignores it, but for tables in the newest, and goes by the attribute",
        clients: &[Client::Word],
        source: "[caniemail: css-max-width](https://www.caniemail.com/features/css-max-width/)",
        check: style::max_width,
    },
    Rule {
        id: "size-attributes",
        demand: "`width` and `height` of a style only beside the same attribute",
        why: "Word takes the width of `span`, `div`, `p` and `img` from no style",
        clients: &[Client::Word],
        source: "[caniemail: css-width](https://www.caniemail.com/features/css-width/), [caniemail: css-height](https://www.caniemail.com/features/css-height/)",
        check: style::size_attributes,
    },
    Rule {
        id: "margin",
        demand: "no `margin`; `padding` of cells instead",
        why: "cells have none, Word ignores it at `span`, and Gmail takes no negative one",
        clients: &[Client::Word, Client::Gmail],
        source: "[caniemail: css-margin](https://www.caniemail.com/features/css-margin/)",
        check: style::margin,
    },
    Rule {
        id: "padding",
        demand: "`padding` at `td` and `th` alone",
        why: "Word knows it there only",
        clients: &[Client::Word],
        source: "[caniemail: css-padding](https://www.caniemail.com/features/css-padding/)",
        check: style::padding,
    },
    Rule {
        id: "font-fallback",
        demand: "each `font-family` ends in `serif`, `sans-serif` or `monospace`",
        why: "Word falls back to Times New Roman",
        clients: &[Client::Word, Client::Thunderbird],
        source: "[CSS Fonts 4, 2.1](https://www.w3.org/TR/css-fonts-4/#font-family-prop); practice",
        check: font::fallback,
    },
    Rule {
        id: "font-system",
        demand: "fonts that come with systems: Arial, Helvetica, Georgia, Segoe UI, Verdana …",
        why: "a signature cannot load one, so each reader would see another",
        clients: ALL,
        source: "[caniemail: css-at-font-face](https://www.caniemail.com/features/css-at-font-face/)",
        check: font::system,
    },
    Rule {
        id: "font-size",
        demand: "`font-size` in `px`, at least 11",
        why: "smaller text is read by nobody, and clients on telephones enlarge it and break the layout",
        clients: &[Client::AppleMail, Client::Gmail],
        source: "practice; iOS enlarges text by [-webkit-text-size-adjust](https://developer.mozilla.org/docs/Web/CSS/text-size-adjust)",
        check: font::size,
    },
    Rule {
        id: "font-declared",
        demand: "font, size and colour of each text named at its table or inside it",
        why: "in quirks mode, in which mails are drawn, a table inherits neither size nor colour",
        clients: ALL,
        source: "[HTML, 15.3.8: tables in quirks mode](https://html.spec.whatwg.org/multipage/rendering.html#tables-2)",
        check: font::declared,
    },
    Rule {
        id: "colour-hex",
        demand: "colours as `#rrggbb`",
        why: "Word does not know `rgba()`, and Gmail drops the whole style over some ways to write it",
        clients: &[Client::Word, Client::Gmail],
        source: "[caniemail: css-rgba](https://www.caniemail.com/features/css-rgba/)",
        check: colour::as_hex,
    },
    Rule {
        id: "contrast",
        demand: "contrast of texts 4.5 on white as they are, and on #1e1e1e with their lightness (HSL) turned round; on their own ground where they have one",
        why: "no colour has 4.5 on white and on #1e1e1e both: clients in dark mode change text colours instead, and one that is readable after that is pale on neither",
        clients: ALL,
        source: "[WCAG 2.2, 1.4.3](https://www.w3.org/TR/WCAG22/#contrast-minimum); [R. Parmentier: dark mode of Outlook.com](https://www.hteumeuleu.com/2019/dealing-with-outlook-com-s-dark-mode/)",
        check: colour::readable,
    },
    Rule {
        id: "light-ground",
        demand: "no white or nearly white background",
        why: "it stays a lamp where a client in dark mode changes the text alone, and turns black where it changes all",
        clients: &[Client::Outlook, Client::Word, Client::AppleMail, Client::Gmail],
        source: "[R. Parmentier: dark mode of Outlook.com](https://www.hteumeuleu.com/2019/dealing-with-outlook-com-s-dark-mode/)",
        check: colour::light_ground,
    },
    Rule {
        id: "img-size",
        demand: "`width` and `height` of pictures as attributes, in pixels",
        why: "Word takes the size of the file otherwise, which is twice as large for sharp screens; the others jump when it loads",
        clients: &[Client::Word],
        source: "[caniemail: css-width](https://www.caniemail.com/features/css-width/); practice",
        check: picture::size,
    },
    Rule {
        id: "img-alt",
        demand: "`alt` at each picture, empty where it only decorates",
        why: "many clients load pictures only when they are asked to; screen readers read the name of the file",
        clients: ALL,
        source: "[WCAG 2.2, 1.1.1](https://www.w3.org/TR/WCAG22/#non-text-content)",
        check: picture::alt,
    },
    Rule {
        id: "img-border",
        demand: "`border=\"0\"` at each picture",
        why: "Word draws a blue frame around a picture that is a link",
        clients: &[Client::Word],
        source: "practice",
        check: picture::border,
    },
    Rule {
        id: "img-source",
        demand: "pictures by `https://` or `cid:`",
        why: "the host takes out others: `data:` is shown by few clients, and `http:` tells the network who reads what",
        clients: ALL,
        source: "what the host lets through ([README](README.md))",
        check: picture::source,
    },
    Rule {
        id: "img-format",
        demand: "PNG, JPEG or GIF; no SVG, WebP, AVIF",
        why: "Word shows neither SVG nor WebP, and Gmail no SVG",
        clients: &[Client::Word, Client::Gmail],
        source: "[caniemail: image-svg](https://www.caniemail.com/features/image-svg/), [caniemail: image-webp](https://www.caniemail.com/features/image-webp/)",
        check: picture::format,
    },
    Rule {
        id: "img-block",
        demand: "`display:block` at each picture",
        why: "a gap for descenders stays below it otherwise",
        clients: &[Client::Gmail, Client::Outlook, Client::AppleMail],
        source: "[CSS 2.2, 10.8](https://www.w3.org/TR/CSS22/visudet.html#line-height)",
        check: picture::block,
    },
    Rule {
        id: "link-scheme",
        demand: "links by `https:`, `http:`, `mailto:`, `tel:`",
        why: "relative ones lead nowhere in a mail, and the host takes out the others",
        clients: ALL,
        source: "what the host lets through ([README](README.md))",
        check: link::scheme,
    },
    Rule {
        id: "link-text",
        demand: "a text in each link, or a picture with `alt`",
        why: "nobody knows otherwise where it leads",
        clients: ALL,
        source: "[WCAG 2.2, 2.4.4](https://www.w3.org/TR/WCAG22/#link-purpose-in-context)",
        check: link::text,
    },
    Rule {
        id: "link-tel",
        demand: "`tel:` with digits alone, after `+` or not",
        why: "dialers stumble over blanks and brackets. RFC 3966 asks for `phone-context` where there is no `+`; no dialer heeds it",
        clients: &[Client::AppleMail, Client::Gmail, Client::Outlook],
        source: "[RFC 3966, 3](https://www.rfc-editor.org/rfc/rfc3966#section-3)",
        check: link::tel,
    },
    Rule {
        id: "link-colour",
        demand: "`color` and `text-decoration` at each link that has text",
        why: "clients paint it their own blue and underline it, which is dark on dark in some",
        clients: &[Client::Word, Client::Gmail, Client::Outlook],
        source: "practice",
        check: link::colour,
    },
    Rule {
        id: "text-version",
        demand: "a text version, which says each mailbox that the HTML links to",
        why: "whoever reads or answers in plain text gets nothing otherwise",
        clients: ALL,
        source: "[RFC 2046, 5.1.4](https://www.rfc-editor.org/rfc/rfc2046#section-5.1.4)",
        check: text::version,
    },
    Rule {
        id: "text-lines",
        demand: "no line of the text longer than 998 octets",
        why: "no mail may carry one; 78 is what it recommends",
        clients: ALL,
        source: "[RFC 5322, 2.1.1](https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1)",
        check: text::lines,
    },
];
