//! What is no page: vCard, photo and QR codes of a card, pictures of signatures.

use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue, VARY,
};
use actix_web::{HttpRequest, web};
use estampe_domain::vcard::Version;

use crate::respond::{Reply, kept, kept_as, segment};
use crate::visit::Visit;

/// `GET /c/{public_id}.vcf`: 3.0, which every phone reads; 4.0 for who asks for it.
pub(crate) async fn vcard(visit: Visit, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id = visit.public_id(&path)?;
    let file = visit.ok(visit.service().vcard(&visit.ctx, &id, version(&request)).await)?;
    let mut reply = kept(&request, file.media_type, file.text.into_bytes());
    if let Ok(name) = HeaderValue::from_str(&attachment(&file.file_name)) {
        reply.headers_mut().insert(CONTENT_DISPOSITION, name);
    }
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

/// RFC 6266 with the name in ASCII and, for who reads RFC 5987, as it is.
fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || " -_.".contains(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", segment(name))
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
    let svg = visit.ok(visit.service().qr_svg(&visit.ctx, &id).await)?;
    Ok(kept(&request, "image/svg+xml", svg.into_bytes()))
}

/// `GET /c/{public_id}/qr.png`
pub(crate) async fn qr_png(visit: Visit, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id = visit.public_id(&path)?;
    let png = visit.ok(visit.service().qr_png(&visit.ctx, &id).await)?;
    Ok(kept(&request, "image/png", png))
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
            "attachment; filename=\"Zo_ N__ez.vcf\"; filename*=UTF-8''Zo%C3%A9%20N%C3%BA%C3%B1ez.vcf"
        );
        assert!(!attachment("a\"\r\nX: y").contains(['\r', '\n']));
    }
}
