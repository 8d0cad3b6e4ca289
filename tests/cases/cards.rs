//! Public cards: the page, vCards, QR codes, and what does not exist.

use std::io::Write;
use std::process::{Command, Stdio};

use calcard::vcard::{VCard, VCardProperty};
use estampe_tests::{Options, Server};

async fn body(server: &Server, url: &str) -> String {
    let answer = server.client().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_speaks_the_visitors_language_and_leaves_no_trace() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    let client = server.client();
    let ask = async |language: &str, query: &str| {
        let request = client.get(format!("{card}{query}")).header("accept-language", language);
        request.send().await.unwrap()
    };
    let french = ask("fr-FR,en;q=0.5", "").await;
    assert!(french.headers().get("set-cookie").is_none());
    assert_eq!(french.headers()["vary"], "Accept-Encoding, Accept-Language");
    let etag = french.headers()["etag"].to_str().unwrap().to_owned();
    let french = french.text().await.unwrap();
    assert!(french.contains("Zoé Lefèvre-Núñez") && french.contains("Ajouter à mes contacts"));
    assert!(french.contains("<html lang=\"fr\""));
    // beside the name, not among office and department
    assert!(french.contains("</h1> <p class=\"pronouns\">elle</p>") && !french.contains("· elle"), "{french}");
    let english = ask("en", "").await.text().await.unwrap();
    assert!(english.contains("<html lang=\"en\"") && !english.contains("Ajouter à mes contacts"));
    assert!(ask("en", "?lang=fr").await.text().await.unwrap().contains("Ajouter à mes contacts"));
    for page in [&french, &english] {
        assert!(!page.contains("<script") && !page.contains(" style=") && !page.contains("<style"));
    }
    let again = client.get(&card).header("accept-language", "fr-FR,en;q=0.5").header("if-none-match", etag);
    assert_eq!(again.send().await.unwrap().status(), 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_vcard_of_the_sample_is_read_by_others() {
    let server = Server::with_sample(Options::default()).await;
    let people = server.people();
    assert_eq!(people.len(), 198);
    let mut all_of_3 = String::new();
    let mut photos = 0;
    for person in &people {
        let url = person["card_url"].as_str().unwrap();
        for version in ["3", "4"] {
            let text = body(&server, &format!("{url}.vcf?version={version}")).await;
            for line in text.trim_end_matches("\r\n").split("\r\n") {
                assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line:?}");
            }
            let read = VCard::parse(&text).unwrap_or_else(|_| panic!("{text}"));
            let name = read.property(&VCardProperty::Fn).unwrap().values[0].as_text().unwrap();
            assert_eq!(name, person["name"].as_str().unwrap());
            assert!(text.contains(&format!("VERSION:{version}.0\r\n")));
            if version == "3" {
                photos += usize::from(text.contains("\r\nPHOTO;ENCODING=b;TYPE=JPEG:"));
                all_of_3 += &text;
            }
        }
    }
    assert_eq!(photos, 6);
    let script = "import sys,vobject,base64\n\
        n=0\n\
        for c in vobject.readComponents(sys.stdin.buffer.read().decode()):\n\
        \x20 assert c.fn.value and c.n.value.family\n\
        \x20 if hasattr(c,'photo'): assert c.photo.value[:3]==b'\\xff\\xd8\\xff'\n\
        \x20 n+=1\n\
        print(n)";
    let mut python = Command::new("/usr/bin/python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(all_of_3.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "198");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vcard_of_version_4_is_given_to_who_accepts_it() {
    let server = Server::with_sample(Options::default()).await;
    let url = format!("{}.vcf", server.card_of("lefevre"));
    let plain = server.client().get(&url).send().await.unwrap();
    assert_eq!(plain.headers()["content-type"], "text/vcard; charset=utf-8; version=3.0");
    let disposition = plain.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.contains("filename*=UTF-8''Zo%C3%A9%20Lef%C3%A8vre"), "{disposition}");
    assert!(disposition.starts_with("attachment; filename=\"Zoe Lefevre-Nunez.vcf\""), "{disposition}");
    let four = server.client().get(&url).header("accept", "text/vcard;version=4.0").send().await.unwrap();
    assert_eq!(four.headers()["content-type"], "text/vcard; charset=utf-8; version=4.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_qr_codes_lead_to_the_card() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    let answer = server.client().get(format!("{card}/qr.png")).send().await.unwrap();
    assert_eq!(answer.headers()["content-disposition"], "inline; filename=\"qr-zoe-lefevre-nunez.png\"");
    let png = answer.bytes().await.unwrap();
    let file = server.folder().join("qr.png");
    std::fs::write(&file, png).unwrap();
    assert_eq!(scanned(&file), card);
    // the SVG as a browser draws it
    let page = server.folder().join("qr.html");
    let svg = body(&server, &format!("{card}/qr.svg")).await;
    std::fs::write(&page, format!("<body style=margin:0><div style=width:400px>{svg}</div>")).unwrap();
    let drawn = server.folder().join("qr-svg.png");
    let chromium = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=420,420"])
        .arg(format!("--user-data-dir={}", server.folder().join("chromium").display()))
        .arg(format!("--screenshot={}", drawn.display()))
        .arg(&page)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(chromium.success());
    assert_eq!(scanned(&drawn), card);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_capitals_or_a_slash_leads_to_the_card() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    let id = card.rsplit('/').next().unwrap();
    let unknown = "00000000000000000000000abg";
    for known in [id, unknown] {
        for (path, query) in [
            (format!("/c/{}", known.to_uppercase()), ""),
            (format!("/c/{known}/"), ""),
            (format!("/c/{}/", known.to_uppercase()), "?lang=fr"),
        ] {
            let url = format!("{}{path}{query}", server.public);
            let answer = server.client().get(&url).send().await.unwrap();
            assert_eq!(answer.status(), 308, "{url}");
            assert_eq!(answer.headers()["location"], format!("/c/{known}{query}").as_str());
        }
    }
    // what is no address of a card stays none, and nothing is sent on
    for path in ["/c/ABC", "/c/abc/", &format!("/c/{id}//"), &format!("/c/{}/exchange", id.to_uppercase())] {
        assert_eq!(
            server.client().get(format!("{}{path}", server.public)).send().await.unwrap().status(),
            404,
            "{path}"
        );
    }
    let posted = server.client().post(format!("{card}/")).form(&[("name", "x")]).send().await.unwrap();
    assert_eq!(posted.status(), 405);
    // the page that other programs make a preview of
    let page = body(&server, &card).await;
    for said in [
        "property=\"og:title\" content=\"Zoé Lefèvre-Núñez\"".to_owned(),
        format!("property=\"og:url\" content=\"{card}\""),
    ] {
        assert!(page.contains(&said), "{said}: {page}");
    }
    let photo = format!("property=\"og:image\" content=\"{card}/photo.jpg\"");
    assert_eq!(page.contains(&photo), page.contains("class=\"portrait\""), "{page}");
}

fn scanned(picture: &std::path::Path) -> String {
    let output = Command::new("zbarimg").args(["-q", "--raw", "--nodbus", "-Sbinary"]).arg(picture).output().unwrap();
    assert!(output.status.success(), "{}: no QR code is found", picture.display());
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_malformed_and_disabled_cards_are_the_same_404() {
    let server = Server::start_default().await;
    let file = server.folder().join("two.ldif");
    let entry = |n: u32| format!("dn: uid=u{n}\nobjectClass: person\nuid: u{n}\ncn: Person {n}\n\n");
    std::fs::write(&file, (1..=20).map(entry).collect::<String>()).unwrap();
    server.import(&file);
    let gone = server.card_of("person 20");
    std::fs::write(&file, (1..20).map(entry).collect::<String>()).unwrap();
    assert_eq!(server.sync()["counts"]["disabled"], 1);
    let unknown = format!("{}/c/00000000000000000000000000", server.public);
    let malformed = format!("{}/c/%27%3Cscript%3E", server.public);
    let mut pages = Vec::new();
    for url in [&gone, &unknown, &malformed] {
        for rest in ["", ".vcf", "/qr.svg", "/qr.png", "/exchange", "/photo.jpg"] {
            let answer =
                server.client().get(format!("{url}{rest}")).header("accept-language", "fr").send().await.unwrap();
            assert_eq!(answer.status(), 404, "{url}{rest}");
            let mut headers: Vec<String> = answer
                .headers()
                .iter()
                .filter(|(n, _)| *n != "date" && *n != "x-request-id")
                .map(|(n, v)| format!("{n}: {v:?}"))
                .collect();
            headers.sort();
            pages.push((headers, answer.text().await.unwrap()));
        }
    }
    let first = &pages[0];
    // whose house this is, as cards say it
    let brand = "<p class=\"brand\"><span class=\"mark\" aria-hidden=\"true\">B</span><span>Banque Garonne</span></p>";
    assert!(first.1.contains(brand), "{first:?}");
    for (at, page) in pages.iter().enumerate() {
        assert_eq!(page, first, "page {at}");
    }
}
