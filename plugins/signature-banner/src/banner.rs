//! A picture of a campaign, what it says and where it leads.

use estampe_plugin_sdk::{Failure, TemplateHost, config, html};
use estampe_plugin_signature_common::options::{Labels, Picture, picture};

/// The size of a banner whose own is not set.
const USUAL: (u32, u32) = (480, 120);

/// One that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// The picture.
    pub picture: Picture,
    /// What it says, for whoever does not see it.
    pub alt: String,
    /// Where it leads.
    pub link: Option<String>,
}

impl Banner {
    /// Reads it; none when no picture is set.
    pub fn read(host: &dyn TemplateHost, labels: &Labels) -> Result<Option<Self>, Failure> {
        let Some(picture) = picture(host, "banner", USUAL)? else { return Ok(None) };
        let alt = labels.of(host, "banner-alt").ok_or_else(|| {
            Failure::config(
                "`banner` is set without `banner-alt-fr` or `banner-alt-en`; say there what the picture says, \
                 for those who do not see it",
            )
        })?;
        let link = config::get(host, "banner-link").map(|link| {
            let is_whole = link.starts_with("https://") || link.starts_with("http://");
            html::web(&link).filter(|_| is_whole).ok_or_else(|| {
                Failure::config(
                    "`banner-link` is an address that begins with https://, such as https://www.garonne.example/salon",
                )
            })
        });
        Ok(Some(Self { picture, alt, link: link.transpose()? }))
    }

    /// What stands in its place in plain text.
    pub fn text(self) -> String {
        [Some(self.alt), self.link].into_iter().flatten().collect::<Vec<_>>().join("\n")
    }
}
