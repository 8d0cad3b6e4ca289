//! The page that says how the appliance is configured, and where each value stands.

use estampe_tests::{Options, Server, workspace};

use crate::console::{page, signed_in};

#[tokio::test(flavor = "multi_thread")]
async fn times_are_those_of_the_machine_and_a_page_says_of_which_zone() {
    let mut server = Server::with_sample(Options::default()).await;
    let browser = signed_in(&server).await;
    let form = [("name", "Bruno Weiss"), ("email", "b@visitors.example"), ("idempotency_key", "0123456789abcdefghij")];
    let url = format!("{}/leads", server.card_of("lefevre"));
    assert_eq!(server.client().post(url).form(&form).send().await.unwrap().status(), 200);
    let lead = server.json(&["lead", "list"])["leads"][0]["id"].as_str().unwrap().to_owned();
    for (zone, said) in [
        ("Asia/Kathmandu", "Heures de Asia/Kathmandu, "),
        ("UTC", "Heures de UTC, "),
        // a name that nobody knows is UTC, and says so
        ("Europe/Nowhere", "Heures de UTC, "),
    ] {
        server.stop();
        server.start_again_with(&[("TZ", zone)]).await;
        let shown = page(&browser, format!("{}/leads/{lead}", server.internal)).await;
        assert_eq!(shown.matches(said).count(), 1, "{zone}: {shown}");
        // no time, no zone
        let plain = page(&browser, format!("{}/settings", server.internal)).await;
        assert!(!plain.contains("fuseau horaire du serveur"), "{plain}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_is_shown_with_its_place_and_no_secret() {
    let mut server = Server::with_sample(Options::default()).await;
    let secret = server.folder().join("smtp-password");
    std::fs::write(&secret, "hortensia-of-the-mail-server").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o400)).unwrap();
    let browser = signed_in(&server).await;
    // every section of the file has its heading
    let file = std::fs::read_to_string(workspace().join("config/estampe.toml")).unwrap();
    let sections = file.lines().filter(|line| line.starts_with('[')).collect::<Vec<_>>();
    let all = page(&browser, format!("{}/settings", server.internal)).await;
    for section in &sections {
        assert!(all.contains(&format!("<code class=\"third\">{section}</code>")), "{section}: {all}");
    }
    assert!(sections.len() > 15, "{sections:?}");
    let at_a_reload = |page: &str| page.matches("· prise à la relecture").count();
    let before = page(&browser, format!("{}/settings", server.internal)).await;
    let without_mail = at_a_reload(&before);
    assert!(without_mail > 3 && before.contains("systemctl reload estampe"), "{before}");
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
        assert!(text.replace("<wbr>", "").contains(shown), "{shown}: {text}");
    }
    // another mail server is taken at a reload, the first one is not
    assert_eq!(at_a_reload(&text), without_mail + 7, "{text}");
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
