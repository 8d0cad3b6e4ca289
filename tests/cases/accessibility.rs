//! Every page of the gallery in Chromium: held against WCAG 2.2 AA by axe-core, in both
//! languages, both themes and at both widths, and never wider than its window at 320 px or at 200 % zoom.
//! Pictures of the key pages are left in `target/screenshots` for a person to look at.

use std::collections::BTreeMap;
use std::path::PathBuf;

use estampe_tests::{Browser, DESKTOP, FileServer, PHONE, Scheme, workspace};
use serde_json::Value;

/// WCAG asks that a page of 1280 px can be read at 400 %, which is this.
const NARROW: (u32, u32) = (320, 640);
/// 1280 px at 200 %.
const ZOOMED: (u32, u32) = (640, 450);

/// What axe is asked, by which rules.
macro_rules! run {
    ($only:literal) => {
        concat!(
            "const done = arguments[arguments.length - 1];
    axe.run(document, { runOnly: ",
            $only,
            ", resultTypes: ['violations'] }).then(
        (found) => done(found.violations.flatMap((rule) => rule.nodes.map((node) =>
            `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`))),
        (failed) => done([`axe failed: ${failed}`]),
    );"
        )
    };
}

/// Rules of WCAG 2.0 to 2.2, A and AA, and what is good practice beside it.
const RUN: &str =
    run!("{ type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }");

/// What another theme can break, which changes colours alone: the style sheet has no other rule for it.
const RUN_COLOURS: &str = run!("{ type: 'rule', values: ['color-contrast', 'link-in-text-block'] }");

/// What a person looks at after a change of the design.
const KEY_PAGES: &[&str] = &[
    "account-new-wrong",
    "accounts",
    "card",
    "exchange-wrong",
    "groups",
    "home",
    "home-well",
    "leads",
    "outbox",
    "people",
    "people-empty",
    "person-conflict",
    "plugin-waits",
    "run-held",
    "run-plan",
    "source",
    "styleguide",
];

/// The pages of one language, as the gallery's own test wrote them.
fn pages(language: &str) -> Vec<String> {
    let folder = gallery();
    let files = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` renders it first", folder.display()));
    let ending = format!(".{language}.html");
    let names = files.filter_map(|file| Some(file.unwrap().file_name().to_str()?.strip_suffix(&ending)?.to_owned()));
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert!(names.len() > 100, "{names:?}");
    names
}

fn gallery() -> PathBuf {
    workspace().join("target/gallery")
}

/// What axe finds on the page that stands there.
async fn violations(browser: &Browser) -> Vec<String> {
    violations_of(browser, RUN).await
}

async fn violations_of(browser: &Browser, run: &str) -> Vec<String> {
    let found = browser.wait_for_script(run).await;
    found.as_array().unwrap_or_else(|| panic!("{found}")).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Columns side by side in each row of them that has room for two.
const COLUMNS: &str = "return [...document.querySelectorAll('.columns')]
    .map((row) => [...row.children].filter((part) => part.offsetWidth > 0))
    .filter((parts) => parts.length > 1)
    .map((parts) => new Set(parts.map((part) => Math.round(part.getBoundingClientRect().left))).size);";

/// How many columns the page has that stands there, row by row.
async fn columns(browser: &Browser) -> Vec<u64> {
    let found = browser.script(COLUMNS).await;
    found.as_array().unwrap_or_else(|| panic!("{found}")).iter().filter_map(Value::as_u64).collect()
}

async fn every_page_passes(language: &str) {
    let axe = std::env::var("ESTAMPE_TEST_AXE").expect("`cargo xtask test` installs axe-core");
    let axe = std::fs::read_to_string(&axe).unwrap_or_else(|error| panic!("{axe}: {error}"));
    let files = FileServer::start(&gallery()).await;
    let browser = Browser::open(language).await;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut with_columns = 0;
    for name in pages(language) {
        browser.show_as(DESKTOP, Scheme::Light).await;
        browser.go(&format!("{}/{name}.{language}.html", files.origin)).await;
        browser.script(&axe).await;
        // axe takes most of a suite's time: what does not change with the language is asked in one alone, what a
        // narrow window changes in the one with the longer words
        let besides = if language == "fr" { (NARROW, Scheme::Light) } else { (DESKTOP, Scheme::Dark) };
        for (size, scheme) in [(DESKTOP, Scheme::Light), besides] {
            browser.show_as(size, scheme).await;
            let run = if scheme == Scheme::Dark { RUN_COLOURS } else { RUN };
            for violation in violations_of(&browser, run).await {
                found.entry(violation).or_default().push(format!("{name} at {} px, {scheme:?}", size.0));
            }
        }
        for size in [NARROW, ZOOMED] {
            browser.show_as(size, Scheme::Light).await;
            if browser.scrolls_sideways().await {
                found.entry(format!("wider than {} px", size.0)).or_default().push(name.clone());
            }
        }
        browser.show_as(DESKTOP, Scheme::Light).await;
        let beside = columns(&browser).await;
        browser.show_as(NARROW, Scheme::Light).await;
        let below = columns(&browser).await;
        with_columns += beside.len();
        if beside.iter().any(|columns| *columns < 2) || below.iter().any(|columns| *columns != 1) {
            found
                .entry(format!("columns: {beside:?} on a desktop, {below:?} on a phone"))
                .or_default()
                .push(name.clone());
        }
        if KEY_PAGES.contains(&name.as_str()) {
            for (size, label) in [(PHONE, "phone"), (DESKTOP, "desktop")] {
                for (scheme, shade) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
                    browser.show_as(size, scheme).await;
                    browser.picture(&format!("gallery-{name}-{language}-{label}-{shade}")).await;
                }
            }
        }
    }
    browser.close().await;
    assert!(with_columns > 1, "no page has columns any more: what keeps them?");
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_used_by_everybody_in_french() {
    every_page_passes("fr").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_used_by_everybody_in_english() {
    every_page_passes("en").await;
}

/// Height of the line above a page, links of the sections that are shown, and whether the menu reaches into the account.
const MENU: &str = "const side = document.querySelector('.side').getBoundingClientRect();
    const end = document.querySelector('.menu summary').getBoundingClientRect().right;
    const links = [...document.querySelectorAll('.side nav a')].filter((link) => link.checkVisibility());
    const apart = end <= document.querySelector('.account').getBoundingClientRect().left;
    return [Math.round(side.height), links.length, apart];";

/// On a phone the sections take one line until they are wanted, by the keyboard too.
#[tokio::test(flavor = "multi_thread")]
async fn the_menu_of_a_phone_takes_one_line_and_needs_no_pointer() {
    let axe = std::fs::read_to_string(std::env::var("ESTAMPE_TEST_AXE").unwrap()).unwrap();
    let files = FileServer::start(&gallery()).await;
    for language in ["fr", "en"] {
        let browser = Browser::open(language).await;
        for size in [NARROW, PHONE, ZOOMED, (860, 900)] {
            browser.show_as(size, Scheme::Light).await;
            browser.go(&format!("{}/people.{language}.html", files.origin)).await;
            let closed = browser.script(MENU).await;
            assert!(closed[0].as_u64().unwrap() <= 56 && closed[1] == 0 && closed[2] == true, "{size:?}: {closed}");
            // Enter, as a keyboard and a screen reader send it
            browser.script("document.querySelector('.menu summary').focus()").await;
            browser.keys("\u{e007}").await;
            let open = browser.script(MENU).await;
            assert!(open[1].as_u64().unwrap() > 8 && !browser.scrolls_sideways().await, "{size:?}: {open}");
            browser.script(&axe).await;
            let mut found = violations(&browser).await;
            browser.show_as(size, Scheme::Dark).await;
            found.extend(violations(&browser).await);
            assert!(found.is_empty(), "{size:?}: {found:#?}");
            if size == PHONE {
                browser.picture(&format!("menu-{language}-phone-dark")).await;
                browser.show_as(size, Scheme::Light).await;
                browser.picture(&format!("menu-{language}-phone-light")).await;
            }
            browser.keys("\u{e007}").await;
            assert_eq!(browser.script(MENU).await, closed, "{size:?}");
        }
        // beside the page there is no menu, and every section is shown
        browser.show_as(DESKTOP, Scheme::Light).await;
        let script = "return [document.querySelector('.menu').checkVisibility(), document.querySelectorAll('.sections a').length]";
        let beside = browser.script(script).await;
        assert!(beside[0] == false && beside[1].as_u64().unwrap() > 8, "{beside}");
        browser.close().await;
    }
}

/// A test that finds nothing proves something only if it would find something.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_faults_is_found_out() {
    let axe = std::fs::read_to_string(std::env::var("ESTAMPE_TEST_AXE").unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let page =
        "<!doctype html><html><title>x</title><body><img src=x><input><p style='color:#ccc'>pale</p></body></html>";
    std::fs::write(folder.path().join("bad.html"), page).unwrap();
    let files = FileServer::start(folder.path()).await;
    let browser = Browser::open("en").await;
    browser.go(&format!("{}/bad.html", files.origin)).await;
    browser.script(&axe).await;
    let found = violations(&browser).await.join("\n");
    for rule in ["html-has-lang", "image-alt", "label", "color-contrast"] {
        assert!(found.contains(&format!("{rule}:")), "{rule}: {found}");
    }
    let colours = violations_of(&browser, RUN_COLOURS).await;
    assert!(colours.len() == 1 && colours[0].starts_with("color-contrast:"), "{colours:?}");
    browser.close().await;
}
