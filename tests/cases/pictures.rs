//! Pictures of signatures: brought by the command line and in the console, served by the public
//! listener, and never lost by what shows them.

use estampe_domain::access::Role;
use estampe_tests::{Options, Server, on_both};
use reqwest::Response;
use reqwest::header::HeaderMap;

use crate::access::{Signed, welcomed};
use crate::signatures::picture;

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

/// Sends a file as a browser does.
async fn bring(server: &Server, signed: &Signed, name: &str, file: (&str, &[u8])) -> Response {
    let mut body = Vec::new();
    for (field, value) in [("csrf", signed.csrf.as_str()), ("name", name)] {
        body.extend(format!("--b\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").bytes());
    }
    let head = format!("form-data; name=\"picture\"; filename=\"{}\"", file.0);
    body.extend(format!("--b\r\ncontent-disposition: {head}\r\ncontent-type: image/png\r\n\r\n").bytes());
    body.extend(file.1);
    body.extend(b"\r\n--b--\r\n");
    let url = format!("{}/signatures/pictures", server.internal);
    let request = signed.browser.post(url).header("origin", &server.internal).header("accept-language", "en");
    request.header("content-type", "multipart/form-data; boundary=b").body(body).send().await.unwrap()
}

on_both! {
    async fn a_picture_is_served_to_anybody_and_stays_while_it_is_shown(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        server.json(&["plugin", "install", "signature-banner", "--yes"]);
        let address = picture(&server).await;
        let (origin, file) = address.rsplit_once("/i/").unwrap();
        assert_eq!(origin, server.public);
        assert_eq!((file.len(), file.split_once('.').unwrap().1), (36, "png"), "{address}");

        // mail programs anywhere may show it, and need never ask again
        let shown = server.client().get(&address).send().await.unwrap();
        assert_eq!(shown.status(), 200);
        let headers = shown.headers().clone();
        assert_eq!(header(&headers, "content-type"), "image/png");
        assert_eq!(header(&headers, "cross-origin-resource-policy"), "cross-origin");
        assert_eq!(header(&headers, "cache-control"), "public, max-age=31536000, immutable");
        assert!(shown.bytes().await.unwrap().starts_with(b"\x89PNG"));
        let again = server.client().get(&address).header("if-none-match", header(&headers, "etag")).send().await;
        assert_eq!(again.unwrap().status(), 304);
        for other in [format!("{origin}/i/{}.png", "0".repeat(32)), format!("{origin}/i/x"), format!("{address}.png")] {
            assert_eq!(server.client().get(&other).send().await.unwrap().status(), 404, "{other}");
        }

        // a signature shows it
        let banner = format!("banner={address}");
        let design = ["signature", "design", "add", "Fair", "--template", "signature-banner", "--set", &banner];
        server.json(&[&design[..], &["--set", "banner-alt-en=Come", "--set", "banner-alt-fr=Venez"]].concat());
        server.json(&["signature", "rule", "add", "Everybody", "--design", "Fair"]);
        let html = server.json(&["signature", "test", "lefevre"])["html"].as_str().unwrap().to_owned();
        assert!(html.contains(&format!("src=\"{address}\"")), "{html}");
        let wrong = server.cli(&["signature", "design", "set", "Fair", "banner=logo.png"]);
        assert!(wrong.code == 1 && wrong.stderr.contains("is the address of a picture, https://"), "{wrong:?}");

        // while it is shown it stays
        let kept = server.cli(&["signature", "picture", "remove", "Logo"]);
        assert!(kept.code == 1 && kept.stderr.contains("\"Fair\" shows this picture"), "{kept:?}");
        assert_eq!(server.json(&["signature", "picture", "list"])["pictures"][0]["designs"], serde_json::json!(["Fair"]));
        server.json(&["signature", "design", "set", "Fair", "banner="]);
        server.json(&["signature", "picture", "remove", "Logo"]);
        assert_eq!(server.client().get(&address).send().await.unwrap().status(), 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_designer_brings_pictures_in_the_console_and_chooses_among_them() {
    let server = Server::with_sample(Options::default()).await;
    server.json(&["plugin", "install", "signature-banner", "--yes"]);
    let designer = welcomed(&server, Role::CardDesigner, None).await;
    let page = async |path: &str| {
        let url = format!("{}{path}", server.internal);
        let answer = designer.browser.get(url).header("accept-language", "en").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    };
    assert!(page("/signatures").await.contains("There is none yet"));
    let code = server.client().get(format!("{}/qr.png", server.card_of("lefevre"))).send().await.unwrap();
    let code = code.bytes().await.unwrap();

    // what is wrong is said beside the file, and the name that was typed stays
    for (name, file, said) in [
        ("Fair <2026>", &b"GIF89a"[..], "shows its first frame alone"),
        ("Fair", b"<svg/>", "no PNG, JPEG or WebP"),
        ("Fair", b"", "nothing arrived"),
        ("a/b", &code, "A slash cannot be"),
        ("Fair", &code[..60], "damaged"),
    ] {
        let refused = bring(&server, &designer, name, ("f.png", file)).await;
        assert_eq!(refused.status(), 422, "{said}");
        let text = refused.text().await.unwrap();
        let typed = name.replace('<', "&#60;").replace('>', "&#62;");
        assert!(text.contains(said) && text.contains(&format!("value=\"{typed}\"")), "{said}: {text}");
    }
    assert!(page("/signatures/pictures").await.contains("There is no picture yet"));

    // without a name it is called as the file is; what else is in the file is gone
    assert_eq!(bring(&server, &designer, "", ("Foire 2026.png", &code)).await.status(), 303);
    let list = page("/signatures/pictures").await;
    assert!(list.contains("Foire 2026") && !list.contains("Shown by"), "{list}");
    let again = bring(&server, &designer, "Another", ("b.png", &code)).await;
    assert!(again.status() == 422 && again.text().await.unwrap().contains("there already, as Foire 2026"));
    let thumbnail = list.split("<img src=\"").nth(1).unwrap().split('"').next().unwrap();
    let url = format!("{}{thumbnail}", server.internal);
    assert_eq!(designer.browser.get(url).send().await.unwrap().headers()["content-type"], "image/png");

    // a form offers it where a picture is asked for
    let form = page("/signatures/designs/new?template=signature-banner").await;
    let address = server.json(&["signature", "picture", "list"])["pictures"][0]["address"].as_str().unwrap().to_owned();
    assert!(form.contains(&format!("<option value=\"{address}\">Foire 2026</option>")), "{form}");
    assert!(form.contains("list=\"l-config.banner\"") && !form.contains("list=\"l-config.banner-link\""), "{form}");

    // an auditor sees them; nobody else brings any
    let auditor = welcomed(&server, Role::Auditor, None).await;
    assert_eq!(bring(&server, &auditor, "X", ("x.png", &code)).await.status(), 403);
    let remove = format!("{}{thumbnail}/remove", server.internal);
    let gone = designer.browser.post(&remove).form(&[("csrf", designer.csrf.as_str())]).send().await.unwrap();
    assert_eq!(gone.status(), 303);
    assert_eq!(server.client().get(&address).send().await.unwrap().status(), 404);
}
