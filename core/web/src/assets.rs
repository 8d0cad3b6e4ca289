//! Static files, compiled in and named by the hash of them all.
//!
//! A page of an older version may still ask for its own hash: it gets today's file,
//! which is not cached under that name.

use std::sync::LazyLock;

use actix_web::{HttpRequest, web};
use sha2::{Digest, Sha256};

use crate::encoded::Encoded;
use crate::error::Fault;
use crate::respond::Reply;
use crate::routes::Table;
use crate::visit::Visit;

struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

macro_rules! assets {
    ($($name:literal $path:literal $media_type:literal),+ $(,)?) => {
        const ASSETS: &[Asset] = &[$(Asset {
            name: $name,
            media_type: $media_type,
            content: include_bytes!(concat!("../static/", $path)),
        }),+];
    };
}

assets![
    "app.css" "app.css" "text/css; charset=utf-8",
    "door.js" "door.js" "text/javascript; charset=utf-8",
    "console.js" "console.js" "text/javascript; charset=utf-8",
    "outlook-pane.js" "outlook/pane.js" "text/javascript; charset=utf-8",
    "outlook-dialog.js" "outlook/dialog.js" "text/javascript; charset=utf-8",
    "mark.svg" "mark.svg" "image/svg+xml",
    "inter-latin.woff2" "fonts/inter-latin.woff2" "font/woff2",
    "inter-latin-ext.woff2" "fonts/inter-latin-ext.woff2" "font/woff2",
    "source-serif-4-latin.woff2" "fonts/source-serif-4-latin.woff2" "font/woff2",
    "source-serif-4-latin-ext.woff2" "fonts/source-serif-4-latin-ext.woff2" "font/woff2",
    "OFL-inter.txt" "fonts/OFL-inter.txt" "text/plain; charset=utf-8",
    "OFL-source-serif-4.txt" "fonts/OFL-source-serif-4.txt" "text/plain; charset=utf-8",
];

/// Sixteen hexadecimal digits over every file.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in ASSETS {
        hash.update(asset.name);
        hash.update(asset.content);
    }
    data_encoding::HEXLOWER.encode(&hash.finalize()).chars().take(16).collect()
});

/// Where a file is served.
pub(crate) fn url(name: &str) -> String {
    format!("/static/{}/{name}", *HASH)
}

/// Adds the route.
pub(crate) fn routes(table: Table) -> Table {
    table.scope("/static", |table| table.get("/{hash}/{name}", serve))
}

async fn serve(visit: Visit, request: HttpRequest, path: web::Path<(String, String)>) -> Reply {
    let (hash, name) = path.into_inner();
    let Some((_, encoded)) = ENCODED.iter().find(|(known, _)| *known == name) else {
        return Err(Fault::not_found(&visit));
    };
    let caching = if hash == *HASH { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(encoded.answer(request.headers(), caching, "Accept-Encoding"))
}

/// Every file, compressed once where that gains something.
static ENCODED: LazyLock<Vec<(&'static str, Encoded)>> = LazyLock::new(|| {
    let encode = |asset: &Asset| match asset.media_type {
        "font/woff2" => Encoded::dense(asset.media_type, asset.content),
        _ => Encoded::text(asset.media_type, asset.content),
    };
    ASSETS.iter().map(|asset| (asset.name, encode(asset))).collect()
});

/// Writes every file below `folder` as it is served, for looking at pages.
#[cfg(test)]
pub(crate) fn write_to(folder: &std::path::Path) {
    for asset in ASSETS {
        let path = folder.join(url(asset.name).trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, asset.content).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_stay_small() {
        let fonts = ASSETS.iter().filter(|asset| asset.media_type == "font/woff2");
        let total: usize = fonts.map(|asset| asset.content.len()).sum();
        assert!(total < 350 * 1024, "{total} bytes of fonts");
    }
}
