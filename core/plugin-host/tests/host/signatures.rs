//! Templates of signatures: hostile ones, and the shipped one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use estampe_domain::Locale;
use estampe_domain::plugin::{AttributeValue, ConnectorSpec, FailKind, PluginFailure, PluginInfo};
use estampe_domain::ports::{Directory, Signatures};
use estampe_domain::signature::{Signature, SignatureInput};
use estampe_plugin_host::{HostSettings, Limits};

use crate::directory_file::built;
use crate::support::{Loaded, Place, call, connector, given, manifest, template};

/// Does as the first letter of the first attribute says: `L` loops, `M` takes memory, `T`
/// traps, `F` fails, `H` answers HTML with a script. Else the HTML is that attribute, and the
/// text three digits: which call of the instance this is, and how many attributes of person
/// and organisation it sees.
const CONDUCT: &str = "(local $at i32) (local $first i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store8 (i32.const 66500) (i32.add (i32.const 48) (global.get $calls)))
    (i32.store8 (i32.const 66501) (i32.add (i32.const 48) (local.get 1)))
    (i32.store8 (i32.const 66502) (i32.add (i32.const 48) (local.get 3)))
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.store (i32.const 8) (i32.const 66500)) (i32.store (i32.const 12) (i32.const 0))
    (i32.store (i32.const 16) (i32.const 66500)) (i32.store (i32.const 20) (i32.const 3))
    (if (i32.eqz (local.get 1)) (then (return (i32.const 0))))
    (local.set $at (i32.load offset=16 (local.get 0)))
    (local.set $first (i32.load8_u (local.get $at)))
    (i32.store (i32.const 8) (local.get $at))
    (i32.store (i32.const 12) (i32.load offset=20 (local.get 0)))
    (if (i32.eq (local.get $first) (i32.const 76)) (then (loop $again (br $again))))
    (if (i32.eq (local.get $first) (i32.const 77))
        (then (loop $again (drop (memory.grow (i32.const 16))) (br $again))))
    (if (i32.eq (local.get $first) (i32.const 84)) (then unreachable))
    (if (i32.eq (local.get $first) (i32.const 70)) (then
        (i32.store8 (i32.const 0) (i32.const 1)) (i32.store8 (i32.const 8) (i32.const 3))
        (i32.store (i32.const 12) (local.get $at)) (i32.store (i32.const 16) (i32.const 1))
        (i32.store8 (i32.const 24) (i32.const 0))))
    (if (i32.eq (local.get $first) (i32.const 72)) (then
        (i32.store (i32.const 8) (i32.const 66000)) (i32.store (i32.const 12) (i32.const 50))))
    (i32.const 0)";

fn is_template(id: &str) -> String {
    let connector = manifest(id, "0.1.0").replace("[[inputs]]\nname = \"people\"\n", "");
    connector
        .replace("\ncontract", "\nkind = \"signature-template\"\ncontract")
        .replace("\"jpegPhoto\"", "\"o\", \"Mail\"")
}

fn spec(plugin: &str) -> ConnectorSpec {
    ConnectorSpec { plugin: plugin.to_owned(), config: BTreeMap::new(), inputs: BTreeMap::new() }
}

fn of(attributes: &[(&str, &str)]) -> SignatureInput {
    let bag = |attributes: &[(&str, &str)]| {
        attributes.iter().map(|(name, text)| ((*name).to_owned(), AttributeValue::Text((*text).to_owned()))).collect()
    };
    SignatureInput {
        person: bag(attributes),
        organisation: bag(&[("o", "Garonne")]),
        locale: Locale::Fr,
        day: jiff::civil::date(2026, 7, 14),
    }
}

async fn rendered(conducts: &[&str]) -> Vec<Result<Signature, PluginFailure>> {
    let place = Place::new();
    place.bundle_of("test", &is_template("test"), &template(CONDUCT));
    let host = place.host().await;
    assert_eq!(host.problems, []);
    let batch = conducts.iter().map(|conduct| of(&[("cn", conduct)])).collect();
    host.render(&spec("test"), &given(["field read cn"]), batch).await.unwrap()
}

fn words(rendered: &[Result<Signature, PluginFailure>]) -> Vec<String> {
    let word = |one: &Result<Signature, PluginFailure>| match one {
        Ok(signature) => format!("{} {}", signature.html, signature.text),
        Err(failure) => failure.kind.as_str().to_owned(),
    };
    rendered.iter().map(word).collect()
}

#[tokio::test]
async fn a_batch_shares_an_instance_until_something_goes_wrong() {
    let rendered = rendered(&["a", "b", "F", "c", "d", "T", "e", "M", "f", "g"]).await;
    let expected =
        ["a 110", "b 210", "not-found", "c 110", "d 210", "trapped", "e 110", "out-of-memory", "f 110", "g 210"];
    assert_eq!(words(&rendered), expected);
}

#[tokio::test]
async fn a_loop_costs_its_own_signature_alone() {
    let start = Instant::now();
    assert_eq!(words(&rendered(&["a", "L", "b"]).await), ["a 110", "deadline", "b 110"]);
    assert!(start.elapsed() >= Duration::from_millis(500), "it had its time");
}

#[tokio::test]
async fn a_template_that_only_fails_is_given_up() {
    let rendered = rendered(&["T"; 40]).await;
    assert_eq!(rendered.iter().filter(|one| one.as_ref().is_err_and(|f| f.kind == FailKind::Trapped)).count(), 8);
    let last = rendered.last().unwrap().as_ref().unwrap_err();
    assert!(last.message.contains("had failed 8 times"), "{last}");
}

#[tokio::test]
async fn scripts_do_not_come_through() {
    assert_eq!(words(&rendered(&["H"]).await), ["<b>a</b> 110"]);
    assert_eq!(words(&rendered(&["<img src=x onerror=alert(1)>"]).await), ["<img> 110"]);
}

#[tokio::test]
async fn only_granted_and_asked_fields_are_seen() {
    let place = Place::new();
    place.bundle_of("test", &is_template("test"), &template(CONDUCT));
    let host = place.host().await;
    assert_eq!(host.problems, []);
    // asked: cn, o and Mail
    let person = || vec![of(&[("homePhone", "x"), ("title", "y"), ("MAIL", "z"), ("cn", "a")])];
    for (grants, seen) in [
        (vec![], " 100"),
        (vec!["field read cn"], "a 110"),
        (vec!["field read cn", "field read mail", "field read o"], "z 121"),
        (vec!["field read homePhone", "field read title", "field write cn"], " 100"),
    ] {
        let given = estampe_domain::plugin::Given {
            grants: grants.iter().map(|item| item.parse().unwrap()).collect(),
            ..Default::default()
        };
        let rendered = host.render(&spec("test"), &given, person()).await.unwrap();
        assert_eq!(words(&rendered), [seen], "{grants:?}");
    }
}

#[tokio::test]
async fn a_batch_is_bounded() {
    let place = Place::new();
    place.bundle_of("test", &is_template("test"), &template(CONDUCT));
    let host = place.host().await;
    let batch = |count| vec![of(&[]); count];
    assert_eq!(host.render(&spec("test"), &given([]), batch(500)).await.unwrap().len(), 500);
    let failure = host.render(&spec("test"), &given([]), batch(501)).await.unwrap_err();
    assert!(failure.kind == FailKind::Limit && failure.message.contains("501"), "{failure}");
    assert_eq!(host.render(&spec("test"), &given([]), Vec::new()).await.unwrap(), []);
    assert_eq!(host.render(&spec("other"), &given([]), batch(1)).await.unwrap_err().kind, FailKind::NotFound);
}

#[tokio::test]
async fn a_caller_that_goes_away_ends_the_batch() {
    let place = Place::new();
    place.bundle_of("test", &is_template("test"), &template(CONDUCT));
    let mut settings = place.settings();
    settings.limits = Limits { threads: 1, computing: Duration::from_secs(30), ..settings.limits };
    let host = Loaded::start(settings).await;
    let (start, impatient) = (Instant::now(), Duration::from_millis(100));
    let (test, given) = (spec("test"), given(["field read cn"]));
    let loops = host.render(&test, &given, vec![of(&[("cn", "L")]); 20]);
    assert!(tokio::time::timeout(impatient, loops).await.is_err());
    host.render(&test, &given, vec![of(&[])]).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_plugin_is_what_its_manifest_says() {
    let place = Place::new();
    let with_files = connector("(i32.const 0)");
    place
        .bundle_of("no-template", &is_template("no-template"), &with_files)
        .bundle("no-connector", "0.1.0", &template(CONDUCT))
        .bundle_of("template", &is_template("template"), &template(CONDUCT))
        .bundle_of(
            "asks",
            &format!("{}[[http]]\nurl = \"https://a.example/\"\nmethods = [\"GET\"]\n", is_template("asks")),
            &template(CONDUCT),
        )
        .bundle("connector", "0.1.0", &with_files);
    let host = place.host().await;
    let asks = host.problems.iter().find(|(found, _)| found == "asks").unwrap();
    assert!(asks.1.contains("which is given no [[http]]"), "{}", asks.1);
    let why = |id: &str| &host.problems.iter().find(|(found, _)| found == id).unwrap().1;
    assert_eq!(host.problems.len(), 3, "{:?}", host.problems);
    for (id, kind, exported) in [
        ("no-template", "kind = \"signature-template\"", "it exports estampe:plugin/connector@0.1.0"),
        ("no-connector", "kind = \"connector\"", "it exports estampe:plugin/signature-template@0.1.0"),
    ] {
        assert!(why(id).contains(kind) && why(id).contains(exported), "{}", why(id));
    }
    let failure = host.sync_page(call("template")).await.unwrap_err();
    assert!(failure.kind == FailKind::Unsupported && failure.message.contains("for a connector"), "{failure}");
    let failure = host.render(&spec("connector"), &given([]), vec![of(&[])]).await.unwrap_err();
    assert!(failure.kind == FailKind::Unsupported && failure.message.contains("signature template"), "{failure}");
}

#[tokio::test]
async fn the_shipped_template_needs_no_mending() {
    let place = Place::new();
    let bundle = std::fs::read(built().join("signature-classic.estampe")).unwrap();
    std::fs::write(place.path("plugins/signature-classic.estampe"), bundle).unwrap();
    let host = Loaded::start(HostSettings { offered: place.path("plugins"), ..place.settings() }).await;
    assert_eq!(host.problems, []);
    let grants = host.plugins().iter().flat_map(PluginInfo::asked).map(|asked| asked.permission).collect();
    let given = estampe_domain::plugin::Given { grants, ..Default::default() };
    let mut template = spec("signature-classic");
    template.config.insert("logo".to_owned(), "https://www.garonne.example/logo.png".to_owned());
    template.config.insert("legal-notice-en".to_owned(), "Please <b>think</b> & print less".to_owned());
    let zoe = of(&[
        ("displayName", "Zoé <script>alert(1)</script> Lefèvre"),
        ("telephoneNumber", "+33 (0)5 62 00 00 00"),
        ("mail", "zoe@garonne.example"),
    ]);
    let nobody = of(&[]);
    let rendered = host.render(&template, &given, vec![zoe.clone(), nobody, zoe]).await.unwrap();
    let [Ok(first), Err(failure), Ok(again)] = rendered.as_slice() else { panic!("{rendered:?}") };
    assert_eq!(first, again);
    assert!(failure.kind == FailKind::Config && failure.message.contains("displayName"), "{failure}");
    assert!(first.text.starts_with("Zoé <script>alert(1)</script> Lefèvre\nGaronne\nTél.\u{a0}: +33"), "{first:?}");
    for part in [
        "Zoé &lt;script&gt;alert(1)&lt;/script&gt; Lefèvre</strong>",
        "<a href=\"tel:+33562000000\" style=\"color:#1a4d8f;text-decoration:none\">",
        "<img src=\"https://www.garonne.example/logo.png\" width=\"96\" height=\"96\"",
        "border-collapse:collapse;font-family:Arial,Helvetica,sans-serif;font-size:13px;line-height:1.4;color:#333333",
        "Please &lt;b&gt;think&lt;/b&gt; &amp; print less</td></tr></tbody></table>",
    ] {
        assert!(first.html.contains(part), "{part} in {}", first.html);
    }
}
