//! CSV files as spreadsheets write them, read through the connector.

#![expect(clippy::panic, clippy::format_push_string, reason = "a test, and its helpers")]

use estampe_plugin_directory_file::DirectoryFile;
use estampe_plugin_sdk::testing::{ScriptedHost, full_run};
use estampe_plugin_sdk::{Event, FailKind, Failure, Value};

fn run(host: &ScriptedHost) -> Result<Vec<String>, Failure> {
    full_run::<DirectoryFile>(host).map(|pages| pages.concat().iter().map(line).collect())
}

fn read(file: impl Into<Vec<u8>>) -> Result<Vec<String>, Failure> {
    run(&ScriptedHost::new().with_file("people", "export.csv", file))
}

/// An event on one line.
fn line(event: &Event) -> String {
    match event {
        Event::Person(person) => {
            let mut line = format!(
                "{} {}{}",
                person.position.as_deref().unwrap_or_default(),
                person.id,
                if person.active { "" } else { " (gone)" }
            );
            for attribute in &person.attributes {
                let value = match &attribute.value {
                    Value::Text(text) => text.clone(),
                    Value::Texts(texts) => texts.join("|"),
                    other => format!("{other:?}"),
                };
                line.push_str(&format!(" {}={value}", attribute.name));
            }
            line
        }
        Event::Rejected(rejected) => {
            format!("{}: {}", rejected.position, rejected.reason.split(':').next().unwrap_or_default())
        }
        Event::PersonGone(_) | Event::Group(_) | Event::GroupGone(_) | Event::AllGroups => panic!("{event:?}"),
    }
}

#[test]
fn reads_what_a_french_spreadsheet_writes() {
    let file = concat!(
        "\u{feff}Nom;Prénom;Fonction;Téléphone;Téléphone;Courriel;Actif;Salaire\r\n",
        "Lefèvre-Núñez;Zoé;\"Directrice ; exportations\";05 61;06 12;Zoe@Banque.example;oui;1\r\n",
        "\r\n",
        ";;;;;;;\r\n",
        "Bô;\"Jean \"\"Jo\"\"\";\"Deux\r\nlignes\";;;bo@banque.example;NON;2\r\n",
        "Court;Aline;;;;aline@banque.example"
    );
    assert_eq!(
        read(file).unwrap(),
        [
            "line 2 zoe@banque.example sn=Lefèvre-Núñez givenName=Zoé title=Directrice ; exportations telephoneNumber=05 61|06 12 mail=Zoe@Banque.example",
            "line 5 bo@banque.example (gone) sn=Bô givenName=Jean \"Jo\" title=Deux\r\nlignes mail=bo@banque.example",
            "line 7 aline@banque.example sn=Court givenName=Aline mail=aline@banque.example",
        ]
    );
}

#[test]
fn one_bad_row_does_not_spoil_the_others() {
    let file = b"id,name,title\n1,Ann,Boss\n2,Bob,a,b,c\n,Cid,x\n4,D\xe9d\xe9,x\n5,Eve,\"open\n6,Fay,x\n7,\"Gus,x\n8,Hal,\"x\"\n9,Ida,y\n";
    assert_eq!(
        read(&file[..]).unwrap(),
        [
            "line 2 1 displayName=Ann title=Boss",
            "line 3: more cells than the header has",
            "line 4: column 1 is empty, and it identifies people",
            "line 5: not UTF-8 (perhaps ISO-8859-1 or Windows-1252)",
            "line 6: a quotation mark is opened here and closed in another row, if at all; double it, or quote the whole cell",
            "line 7 6 displayName=Fay title=x",
            "line 8: a quotation mark is opened here and closed in another row, if at all; double it, or quote the whole cell",
            "line 9 8 displayName=Hal title=x",
            "line 10 9 displayName=Ida title=y",
        ]
    );
}

#[test]
fn delimiters_are_found_named_or_configured() {
    assert_eq!(read("mail\tname\na@x\tA\n").unwrap(), ["line 2 a@x mail=a@x displayName=A"]);
    assert_eq!(read("sep=|\nmail|name\na@x|A;B\n").unwrap(), ["line 3 a@x mail=a@x displayName=A;B"]);
    let host = ScriptedHost::new()
        .with_file("people", "x", "Clé,Nom;complet\n7,A;B\n")
        .with_config("delimiter", ",")
        .with_config("columns", "Clé=id, Nom;complet=cn");
    assert_eq!(run(&host).unwrap(), ["line 2 7 cn=A;B"]);
}

#[test]
fn what_is_no_usable_file_fails_the_run() {
    let message = |file: &[u8]| {
        let failure = read(file).unwrap_err();
        assert_eq!(failure.kind, FailKind::Config);
        failure.message
    };
    assert!(message(b"Nom;Pr\xe9nom;Courriel\n").contains("save the file as \"CSV UTF-8\""));
    assert!(message(b"Nom;Ville\nA;B\n").contains("no column identifies people"));
    assert!(message(b"").contains("empty"));
}

#[test]
fn rows_that_are_too_long_are_refused_and_pages_go_on() {
    use std::fmt::Write as _;
    let mut file = String::from("id,name\n");
    for n in 0..1200 {
        writeln!(file, "{n},Person {n}").unwrap();
    }
    file.push_str("x,");
    file.push_str(&"y".repeat(3 * 1024 * 1024));
    file.push_str("\nz,Last\n");
    let host = ScriptedHost::new().with_file("people", "p.csv", file);
    let pages = full_run::<DirectoryFile>(&host).unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [500, 500, 202]);
    let last: Vec<String> = pages[2].iter().rev().take(2).map(line).collect();
    assert_eq!(last, ["line 1203 z displayName=Last", "line 1202: longer than a row may be (1 MiB, 4,096 columns)"]);
}
