//! The page that says how the appliance is configured, and where each value stands.

use estampe_tests::{Options, Server};

use crate::console::{page, signed_in};

#[tokio::test(flavor = "multi_thread")]
async fn every_value_is_shown_with_its_place_and_no_secret() {
    let mut server = Server::with_sample(Options::default()).await;
    let secret = server.folder().join("smtp-password");
    std::fs::write(&secret, "hortensia-of-the-mail-server").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o400)).unwrap();
    let browser = signed_in(&server).await;
    let before = page(&browser, format!("{}/settings", server.internal)).await;
    assert!(before.contains("par défaut") && before.contains("non réglé"), "{before}");
    server.stop();
    server.configure_more(&format!(
        "[smtp]\nhost = \"mail.banque.example\"\nusername = \"estampe\"\npassword_file = {:?}\nfrom = \"cartes@banque.example\"\n",
        secret.display().to_string()
    ));
    server.start_again().await;
    let text = page(&browser, format!("{}/settings", server.internal)).await;
    for shown in [
        "listen.public",
        "Banque Garonne",
        "mail.banque.example",
        "smtp-password",
        "[smtp]",
        "estampe.toml",
        "50-more.toml",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(!text.contains("hortensia-of-the-mail-server"));
    // its section is there for who may read it, and nowhere else
    let home = page(&browser, format!("{}/", server.internal)).await;
    assert!(home.contains("href=\"/settings\""), "{home}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_says_what_doctor_warns_of() {
    let mut server = Server::start_default().await;
    let browser = signed_in(&server).await;
    let home = page(&browser, format!("{}/", server.internal)).await;
    assert!(home.contains("Aucune sauvegarde ne se fait") && home.contains("backup.recipients"), "{home}");
    assert!(!home.contains("Les cartes ne disent pas"), "{home}");
    let identity = server.folder().join("identity");
    let made = server.json(&["backup", "key", identity.to_str().unwrap()]);
    let folder = server.folder().join("backups");
    server.stop();
    server.configure_more(&format!(
        "organisation = \"Your organisation\"\n[backup]\nfolder = {folder:?}\nrecipients = [{}]\nevery = \"off\"\n",
        made["recipient"]
    ));
    server.start_again().await;
    let home = page(&browser, format!("{}/", server.internal)).await;
    for words in ["Il n’y a encore aucune sauvegarde", "estampe backup create", "Les cartes ne disent pas"] {
        assert!(home.contains(words), "{words}: {home}");
    }
    let made = server.json(&["backup"]);
    let home = page(&browser, format!("{}/", server.internal)).await;
    assert!(home.contains("Personne n’a jamais regardé") && !home.contains("encore aucune"), "{home}");
    let file = made["name"].as_str().unwrap();
    let looked = server.cli(&["backup", "verify", file, "--identity", identity.to_str().unwrap()]);
    assert_eq!(looked.code, 0, "{looked:?}");
    let home = page(&browser, format!("{}/", server.internal)).await;
    assert!(!home.contains("Personne n’a jamais regardé"), "{home}");
}
