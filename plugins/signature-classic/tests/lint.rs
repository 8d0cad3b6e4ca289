//! What the template renders keeps every rule for mail clients, whoever it is for.

use estampe_plugin_sdk::SignatureTemplate;
use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_signature_classic::SignatureClassic;
use estampe_plugin_signature_common::testing::{hosts, inputs};
use estampe_signature_lint::lint;

/// It has nothing of its own to configure.
fn more(host: ScriptedHost) -> ScriptedHost {
    host
}

#[test]
fn every_signature_keeps_every_rule() {
    for (configuration, host) in hosts(more) {
        for (person, input) in inputs() {
            let rendered = SignatureClassic::render(&host, &input).unwrap();
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
