//! The configuration: what is wrong is said with its place and its remedy.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use estampe_tests::{Server, binary};

use crate::doctor::{doctor, find};

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_is_refused_with_place_key_and_remedy() {
    let server = Server::start_default().await;
    assert_eq!(server.cli(&["check-config"]).code, 0);
    let cases: [(&str, &[&str]); 15] = [
        ("[smpt]\nhost = \"x\"\n", &["unknown key smpt", "did you mean smtp"]),
        ("[smtp]\nhots = \"x\"\n", &["unknown key smtp.hots", "did you mean smtp.host"]),
        ("[smtp]\nport = \"many\"\n", &["smtp.port", "a whole number"]),
        ("[smtp]\nport = 70000\n", &["smtp.port", "between 1 and 65535"]),
        (
            "[smtp]\nhost = \"mail.b.example\"\nfrom = \"a@b.example\"\nencryption = \"none\"\n",
            &["smtp.encryption", "is not this machine"],
        ),
        (
            "[smtp]\nhost = \"localhost\"\nfrom = \"a@b.example\"\nencryption = \"none\"\nusername = \"u\"\n",
            &["smtp.encryption", "never sent in clear"],
        ),
        ("[smtp]\nfrom = \"a@b.example\"\n", &["smtp.from", "smtp.host is empty"]),
        ("[privacy]\ncontact = \"the lawyers\"\n", &["privacy.contact", "dpo@example.com"]),
        ("[tls]\nkey_file = \"/k.pem\"\n", &["tls.key_file", "set both"]),
        ("[sync]\nhold_percent = 101\n", &["sync.hold_percent", "between 0 and 100"]),
        ("[backup]\nfolder = \"/b\"\n", &["backup.folder is set", "estampe backup key"]),
        ("[backup]\nfolder = \"b\"\n", &["backup.folder", "absolute path"]),
        ("[backup]\nrecipients = [\"age1x\"]\n", &["backup.recipients", "backup.folder is empty"]),
        ("[backup]\nfolder = \"/b\"\nrecipients = [\"AGE-SECRET-KEY-1QQ\"]\n", &["backup.recipients", "secret half"]),
        ("[backup]\nevery = \"daily\"\n", &["backup.every", "\"1d\""]),
    ];
    for (extra, wanted) in cases {
        server.configure(extra);
        for command in ["check-config", "serve"] {
            let output = server.cli(&[command]);
            assert_eq!(output.code, 1, "{command}: {extra}");
            for part in wanted.iter().chain([&"estampe.toml"]) {
                assert!(output.stderr.contains(part), "{extra}: {part} is not in {}", output.stderr);
            }
        }
    }
    server.configure("data_dir = 5\n[broken\n");
    let output = server.cli(&["check-config"]);
    let place = server.config().display().to_string();
    assert!(output.code == 1 && output.stderr.contains(&place) && !output.stderr.contains("../"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_it_is_healthy_is_asked_of_what_runs() {
    let mut server = Server::start_default().await;
    // whatever the configuration became since
    for changed in ["", "[smpt]\nhost = \"x\"\n", "[sync]\nhold_percent = 300\n", "[tls]\nkey_file = \"/k.pem\"\n"] {
        server.configure(changed);
        assert_eq!(server.cli(&["check-config"]).code, i32::from(!changed.is_empty()), "{changed}");
        let asked = server.cli(&["health"]);
        assert_eq!((asked.code, asked.stdout.as_str(), asked.stderr.as_str()), (0, "", ""), "{changed}");
    }
    server.stop();
    assert_eq!(server.cli(&["health"]).code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_services_user_cannot_read_is_named_with_what_mends_it() {
    const NOBODY: u32 = 65_534;
    let mut server = Server::start_default().await;
    server.stop();
    let secret = server.folder().join("smtp.secret");
    std::fs::write(&secret, "hortensia\n").unwrap();
    server.configure(&format!(
        "[smtp]\nhost = \"localhost\"\nfrom = \"a@b.example\"\nusername = \"u\"\npassword_file = {secret:?}\n"
    ));
    let mode = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    mode(&secret, 0o600);
    // root reads everything
    assert_eq!(server.cli(&["check-config"]).code, 0);
    std::os::unix::fs::chown(server.data(), Some(NOBODY), Some(NOBODY)).unwrap();
    let told = |words: &[&str]| {
        let checked = server.cli(&["check-config"]);
        assert!(checked.code == 1 && words.iter().all(|word| checked.stderr.contains(word)), "{words:?}: {checked:?}");
        let (code, findings) = doctor(&server);
        let failed = findings.iter().filter(|finding| finding["check"] == "files" && finding["status"] == "failed");
        let found = failed.map(ToString::to_string).find(|found| found.contains(words[0]));
        let found = found.unwrap_or_else(|| panic!("{findings:#?}"));
        assert!(code == 1 && words.iter().all(|word| found.contains(word)), "{words:?}: {found}");
    };
    let path = secret.display().to_string();
    mode(server.folder(), 0o700);
    told(&["smtp.password_file", "nobody may not enter", "chmod o+x"]);
    mode(server.folder(), 0o755);
    told(&["smtp.password_file", "nobody may not read it (owner root", "mode 600", &format!("chmod g+r {path}")]);
    // and the service itself, started as that user
    let program = server.folder().join("estampe");
    std::fs::copy(binary(), &program).unwrap();
    let mut start = std::process::Command::new(&program);
    let started = start.arg("--config").arg(server.config()).arg("serve").uid(NOBODY).gid(NOBODY).output().unwrap();
    let said = String::from_utf8(started.stderr).unwrap();
    assert!(!started.status.success() && said.contains(&format!("chmod g+r {path}")), "{said}");
    // the command does what it says
    std::os::unix::fs::chown(&secret, None, Some(NOBODY)).unwrap();
    mode(&secret, 0o640);
    let checked = server.cli(&["check-config"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert_eq!(find(&doctor(&server).1, "files")["status"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_elsewhere_needs_a_word_about_its_encryption() {
    let server = Server::start_default().await;
    let binary = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("estampe");
    let check = |url: &str| {
        let command = std::process::Command::new(&binary)
            .arg("--config")
            .arg(server.config())
            .arg("check-config")
            .env("ESTAMPE_DATABASE__URL", url)
            .output()
            .unwrap();
        (command.status.code().unwrap(), String::from_utf8(command.stderr).unwrap())
    };
    for url in ["postgres://estampe@db.example/estampe", "postgres://estampe@db.example/estampe?sslmode=prefer"] {
        let (code, words) = check(url);
        assert!(code == 1 && words.contains("database.url") && words.contains("sslmode=verify-full"), "{url}: {words}");
    }
    for url in [
        "postgres://estampe@localhost/estampe",
        "postgres://estampe@db.example/estampe?sslmode=verify-full&sslrootcert=/ca.pem",
        "postgres://estampe@postgres/estampe?sslmode=disable",
    ] {
        assert_eq!(check(url).0, 0, "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conf_d_and_the_environment_win_over_the_file() {
    let server = Server::start_default().await;
    let folder = server.folder().join("conf.d");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("50-sync.toml"), "[sync]\nhold_percent = 300\n").unwrap();
    let output = server.cli(&["check-config"]);
    assert!(output.code == 1 && output.stderr.contains("50-sync.toml: sync.hold_percent"), "{output:?}");
    let binary = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("estampe");
    let run = |key: &str, value: &str| {
        let output = std::process::Command::new(&binary)
            .arg("--config")
            .arg(server.config())
            .arg("check-config")
            .env(key, value)
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run("ESTAMPE_SYNC__HOLD_PERCENT", "20").0, 0);
    let (code, words) = run("ESTAMPE_SYNC__HOLD_PRECENT", "20");
    assert!(code == 1 && words.contains("environment") && words.contains("sync.hold_percent"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_2_and_a_missing_service_is_1() {
    let mut server = Server::start_default().await;
    assert_eq!(server.cli(&["no-such-command"]).code, 2);
    assert_eq!(server.cli(&["source", "add", "x", "--input", "no-equals-sign"]).code, 2);
    server.install();
    let wrong = server.cli(&["source", "add", "x", "--plugin", "nothing"]);
    assert!(wrong.code == 1 && wrong.stderr.contains("there are: directory-file"), "{wrong:?}");
    // what is configured is held to the plugin's manifest, all of it at once
    let add = |values: &[&str]| {
        let input = ["source", "add", "x", "--input", "people=/srv/x.ldif"];
        server.cli(&[&input[..], values].concat())
    };
    let wrong = add(&["--set", "format=xml", "--set", "colour=red"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    for words in ["\"format\" is one of: \"auto\", \"ldif\", \"csv\"", "\"colour\" is unknown; there are: \"columns\""]
    {
        assert!(wrong.stderr.contains(words), "{wrong:?}");
    }
    assert!(server.json(&["source", "list"])["sources"].as_array().unwrap().is_empty());
    let right = add(&["--set", "format=CSV", "--set", "columns=Poste=title"]);
    assert_eq!(right.code, 0, "{right:?}");
    let shown = server.cli(&["plugin", "show", "directory-file"]);
    for words in ["directory-file 0.1.0", "licence Apache-2.0", "people", "auto | ldif | csv, default auto", "columns"]
    {
        assert!(shown.code == 0 && shown.stdout.contains(words), "{words}: {shown:?}");
    }
    assert_eq!(
        server.json(&["plugin", "show", "directory-file"])["current"]["info"]["config"]["format"]["type"],
        "choice"
    );
    let wrong = server.cli(&["plugin", "show", "nothing"]);
    assert!(wrong.code == 1 && wrong.stderr.contains("there are: directory-file"), "{wrong:?}");
    let wrong = server.cli(&["source", "sync", "nobody"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    server.stop();
    let away = server.cli(&["source", "list"]);
    assert!(away.code == 1 && away.stderr.contains("not running"), "{away:?}");
}
