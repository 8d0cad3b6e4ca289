//! The add-in for Outlook, in a browser with an Office that a test wrote.

use std::process::Command;

use estampe_domain::access::Role;
use estampe_tests::{Browser, Options, Server, until};
use serde_json::{Value, json};

use crate::access::{Signed, welcomed};
use crate::signatures;

/// What Office gives to add-ins, as far as this one asks: each act is noted.
///
/// The add-in gives up after five seconds: a debug build beside other tests may need longer.
const OFFICE: &str = r"
Object.defineProperty(XMLHttpRequest.prototype, 'timeout', { set() {} });
window.noted = { settings: {}, saved: 0, signature: null, own: true, asked: null, completed: 0 };
window.Office = {
  onReady: (then) => then(),
  actions: { associate: (name, then) => { noted.associated = name; } },
  context: {
    displayLanguage: 'fr-FR',
    roamingSettings: {
      get: (name) => noted.settings[name],
      set: (name, value) => { noted.settings[name] = value; },
      remove: (name) => { delete noted.settings[name]; },
      saveAsync: (then) => { noted.saved += 1; then({ status: 'succeeded' }); },
    },
    mailbox: { item: {
      disableClientSignatureAsync: (then) => { noted.own = false; then({ status: 'succeeded' }); },
      body: { setSignatureAsync: (html, options, then) => {
        noted.signature = options.coercionType === 'html' ? html : null;
        then({ status: 'succeeded' });
      } },
      notificationMessages: { addAsync: (key, what, then) => { noted.asked = what.message; then({}); } },
    } },
  },
};";

async fn connect(server: &Server, signed: &Signed) -> String {
    let connect = format!("{}/outlook/connect", server.internal);
    let form = [("csrf", signed.csrf.as_str())];
    let page = signed.browser.post(connect).form(&form).send().await.unwrap().text().await.unwrap();
    let at = page.find("estp_").unwrap_or_else(|| panic!("{page}"));
    page[at..at + 65].to_owned()
}

/// A mail is begun; what was noted once Outlook may go on.
async fn begin_mail(browser: &Browser) -> Value {
    let script = "const done = arguments[arguments.length - 1]; noted.signature = null; noted.asked = null; \
                  estampeOnNewMail({ completed: () => done(noted) });";
    browser.wait_for_script(script).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signature_comes_by_itself_and_stays_away_from_the_house() {
    let server = Server::with_sample(Options::default()).await;
    signatures::for_everybody(&server);
    let holder = server.json(&["person", "list", "lefevre"])["people"][0]["id"].as_str().unwrap().to_owned();
    let signed = welcomed(&server, Role::Employee, Some(&holder)).await;
    let key = connect(&server, &signed).await;
    server.never_logs(&[&key]);

    let browser = Browser::open("fr").await;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": OFFICE})).await;
    browser.go(&format!("{}/outlook/pane", server.internal)).await;
    until("the add-in to be there", 30, async || {
        (browser.script("return noted.associated").await == "estampeOnNewMail").then_some(())
    })
    .await;
    // without a key a mail goes on, and its writer is told
    let noted = begin_mail(&browser).await;
    assert_eq!((&noted["signature"], &noted["own"]), (&Value::Null, &json!(true)));
    assert!(noted["asked"].as_str().unwrap().starts_with("Connectez Outlook"), "{noted}");

    browser.fill("#key", "estp_wrong").await;
    browser.click("form button").await;
    assert_eq!(browser.text("[role=status]").await, "Ce n’est pas une clé d’ici.");
    browser.fill("#key", &key).await;
    browser.click("form button").await;
    until("the pane to be connected", 10, async || {
        (browser.glimpse("[role=status]").await == "Connecté.").then_some(())
    })
    .await;
    assert_eq!(browser.script("return document.querySelector('#key').value").await, "");
    browser.click("[data-do=put]").await;
    until("the signature", 10, async || {
        browser.glimpse("[role=status]").await.starts_with("La signature est sous le message").then_some(())
    })
    .await;
    let noted = browser.script("return noted").await;
    let signature = noted["signature"].as_str().unwrap().to_owned();
    assert!(signature.contains("Lefèvre-Núñez") && signature.starts_with("<table"), "{signature}");
    assert_eq!((&noted["own"], &noted["settings"]["estampe-signature"]), (&json!(false), &json!(signature)));

    let noted = begin_mail(&browser).await;
    assert_eq!((&noted["signature"], &noted["asked"]), (&json!(signature), &Value::Null));
    // the appliance cannot be reached: as it was last
    browser.cut_off(true).await;
    let noted = begin_mail(&browser).await;
    assert_eq!(noted["signature"], json!(signature));
    browser.cut_off(false).await;

    // connected anew, the key before is over; so is what was kept by it
    connect(&server, &signed).await;
    let noted = begin_mail(&browser).await;
    assert_eq!(noted["signature"], Value::Null);
    assert!(noted["asked"].as_str().unwrap().contains("expiré"), "{noted}");
    assert_eq!(noted["settings"].get("estampe-signature"), None);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_is_well_formed_and_leads_to_what_is_there() {
    let server = Server::start(Options::default()).await;
    let client = server.console();
    let manifest = client.get(format!("{}/outlook/manifest.xml", server.internal)).send().await.unwrap();
    assert_eq!(manifest.headers()["content-type"], "application/xml; charset=utf-8");
    let text = manifest.text().await.unwrap();
    let file = server.folder().join("manifest.xml");
    std::fs::write(&file, &text).unwrap();
    let script = "import sys,xml.etree.ElementTree as t\nfor e in t.parse(sys.argv[1]).iter():\n for v in list(e.attrib.values())+[e.text or '']:\n  \
                  if v.strip().startswith('https://'): print(v.strip())";
    let output = Command::new("/usr/bin/python3").args(["-c", script]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let addresses = String::from_utf8(output.stdout).unwrap();
    let mut there = 0;
    for address in addresses.lines() {
        assert!(address.starts_with(&server.internal), "{address}");
        if address.contains("/outlook/") {
            let answer = client.get(address).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{address}");
            there += 1;
        }
    }
    assert_eq!(there, 9, "{addresses}");
    // each resource that is named is there
    for part in text.split("resid=\"").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(text.contains(&format!("id=\"{name}\" DefaultValue=")), "{name}");
    }
}
