//! What the template renders keeps every rule for mail clients, whoever it is for.

use estampe_plugin_sdk::SignatureTemplate;
use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_signature_common::testing::{hosts, inputs, typed};
use estampe_plugin_signature_compact::SignatureCompact;
use estampe_signature_lint::lint;
use proptest::prelude::*;

/// It has nothing of its own to configure.
fn more(host: ScriptedHost) -> ScriptedHost {
    host
}

#[test]
fn every_signature_keeps_every_rule() {
    for (configuration, host) in hosts(more) {
        for (person, input) in inputs() {
            let rendered = SignatureCompact::render(&host, &input).unwrap();
            let findings = lint(&rendered.html, &rendered.text);
            assert!(
                findings.is_empty(),
                "{configuration}, {person}: {findings:#?}\n{}\n{}",
                rendered.html,
                rendered.text
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_typed(texts in prop::collection::vec("\\PC{0,60}", 16)) {
        for (_, host) in hosts(more) {
            let rendered = SignatureCompact::render(&host, &typed(&texts)).unwrap();
            prop_assert_eq!(lint(&rendered.html, &rendered.text), []);
        }
    }
}
