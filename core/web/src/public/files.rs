//! What is no page: vCard, photo and QR codes of a card, pictures of signatures.

use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue, VARY,
};
use actix_web::{HttpRequest, HttpResponse, web};
use estampe_domain::text::unaccented;
use estampe_domain::vcard::Version;

use crate::respond::{Reply, kept, kept_as, segment};
use crate::visit::Visit;

/// `GET /c/{public_id}.vcf`: 3.0, which every phone reads; 4.0 for who asks for it.
pub(crate) async fn vcard(visit: Visit, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id = visit.public_id(&path)?;
    let file = visit.ok(visit.service().vcard(&visit.ctx, &id, version(&request)).await)?;
    let mut reply = kept(&request, file.media_type, file.text.into_bytes());
    named(&mut reply, &attachment(&file.file_name));
    reply.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    Ok(reply)
}

fn version(request: &HttpRequest) -> Version {
    let asked = url::form_urlencoded::parse(request.query_string().as_bytes())
        .any(|(name, value)| name == "version" && matches!(&*value, "4" | "4.0"));
    let accepted = request
        .headers()
        .get_all(ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| {
            let range = range.to_ascii_lowercase().replace([' ', '"'], "");
            range.starts_with("text/vcard;") && range.contains(";version=4.0")
        });
    if asked || accepted { Version::V4 } else { Version::V3 }
}

/// RFC 6266 with the name in ASCII and, for who reads RFC 5987, as it is. Of a name without a letter of ASCII
/// nothing but "card" is left there.
pub(crate) fn attachment(name: &str) -> String {
    let stem = name.strip_suffix(".vcf").unwrap_or(name);
    let sign = |c: char| if c.is_ascii_alphanumeric() || " -_.".contains(c) { c } else { '_' };
    let plain: String = unaccented(stem).map(sign).collect();
    let plain =
        if plain.contains(|c: char| c.is_ascii_alphanumeric()) { plain.trim_matches(['_', ' ']) } else { "card" };
    format!("attachment; filename=\"{plain}.vcf\"; filename*=UTF-8''{}.vcf", segment(stem))
}

/// Says what a file is called; what no header can say is left out.
pub(crate) fn named(reply: &mut HttpResponse, disposition: &str) {
    if let Ok(name) = HeaderValue::from_str(disposition) {
        reply.headers_mut().insert(CONTENT_DISPOSITION, name);
    }
}

/// `GET /c/{public_id}/photo.jpg`
pub(crate) async fn photo(visit: Visit, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id = visit.public_id(&path)?;
    let photo = visit.ok(visit.service().photo(&visit.ctx, &id).await)?;
    Ok(kept_as(&request, "image/jpeg", photo.blob.as_str(), photo.bytes))
}

/// `GET /c/{public_id}/qr.svg`
pub(crate) async fn qr_svg(visit: Visit, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id = visit.public_id(&path)?;
    let (svg, name) = visit.ok(visit.service().qr_svg(&visit.ctx, &id).await)?;
    Ok(shown(kept(&request, "image/svg+xml", svg.into_bytes()), &name))
}

/// `GET /c/{public_id}/qr.png`
pub(crate) async fn qr_png(visit: Visit, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id = visit.public_id(&path)?;
    let (png, name) = visit.ok(visit.service().qr_png(&visit.ctx, &id).await)?;
    Ok(shown(kept(&request, "image/png", png), &name))
}

/// A picture that is shown, and has this name where it is kept.
fn shown(mut reply: HttpResponse, name: &str) -> HttpResponse {
    named(&mut reply, &format!("inline; filename=\"{name}\""));
    reply
}

/// `GET /i/{file}`: a picture of signatures. Mail programs anywhere show it, and need never ask again:
/// another content has another name.
pub(crate) async fn picture(visit: Visit, request: HttpRequest, path: web::Path<String>) -> Reply {
    let picture = visit.ok(visit.service().picture(&visit.ctx, &path).await)?;
    let mut reply = kept_as(&request, picture.kind.media_type(), picture.blob.as_str(), picture.content);
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_newer_vcard_is_for_who_asks() {
        let accept =
            |value: &'static str| version(&TestRequest::get().insert_header((ACCEPT, value)).to_http_request());
        assert_eq!(accept("*/*"), Version::V3);
        assert_eq!(accept("text/vcard"), Version::V3);
        assert_eq!(accept("text/vcard; version=\"4.0\""), Version::V4);
        assert_eq!(accept("text/html, text/vcard;version=4.0;q=0.5"), Version::V4);
        let query = TestRequest::with_uri("/c/x.vcf?version=4").to_http_request();
        assert_eq!(version(&query), Version::V4);
    }

    #[test]
    fn names_of_downloads_keep_their_accents() {
        assert_eq!(
            attachment("Zoé Núñez.vcf"),
            "attachment; filename=\"Zoe Nunez.vcf\"; filename*=UTF-8''Zo%C3%A9%20N%C3%BA%C3%B1ez.vcf"
        );
        assert_eq!(
            attachment("李小.vcf"),
            "attachment; filename=\"card.vcf\"; filename*=UTF-8''%E6%9D%8E%E5%B0%8F.vcf"
        );
        assert!(!attachment("a\"\r\nX: y").contains(['\r', '\n']));
    }
}
