//! A plugin that comes in a file: installed, or a newer version of what is there. Nothing is
//! granted by it; the plugin's own page is where that is decided.

use actix_web::http::StatusCode;
use estampe_domain::bundle::{BundleProblem, BundleRefusal, MAX_BUNDLE};
use estampe_domain::{Error, Right};
use estampe_texts::key;

use crate::console::plugins::{path_of, plugins_page};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::uploads::{Bundle, NoFile, ProtectedUpload};

/// Why a file was not taken.
pub(crate) struct NotTaken {
    /// In a person's words, with what would be right.
    pub(crate) words: String,
    /// What exactly, for whoever made the file.
    pub(crate) detail: Option<String>,
}

impl NotTaken {
    fn of(words: impl ToString) -> Self {
        Self { words: words.to_string(), detail: None }
    }

    /// There was no file to look at.
    pub(crate) fn no_file(l: &Lang, why: NoFile) -> Self {
        match why {
            NoFile::Empty => Self::of(l.t("plugin-file-empty")),
            NoFile::TooLarge => Self::of(l.t("plugin-file-too-large").with("mib", MAX_BUNDLE >> 20)),
        }
    }

    /// It was looked at.
    pub(crate) fn refused(l: &Lang, refusal: &BundleRefusal) -> Self {
        let words = match &refusal.problem {
            BundleProblem::TooLarge => return Self::no_file(l, NoFile::TooLarge),
            // these say all there is to say
            BundleProblem::UnknownKey(id) => return Self::of(l.t("plugin-file-unknown-key").with("key", id.as_str())),
            BundleProblem::RevokedKey(id) => return Self::of(l.t("plugin-file-revoked-key").with("key", id.as_str())),
            BundleProblem::Unsigned => return Self::of(l.t("plugin-file-unsigned")),
            BundleProblem::Unreadable => l.t("plugin-file-unreadable"),
            BundleProblem::Manifest => l.t("plugin-file-manifest"),
            BundleProblem::Contract => l.t("plugin-file-contract"),
            BundleProblem::Component => l.t("plugin-file-component"),
            BundleProblem::Changed => l.t("plugin-file-changed"),
            BundleProblem::Host => l.t("plugin-file-host"),
        };
        Self { words: words.to_string(), detail: Some(refusal.words.clone()) }
    }
}

/// `POST /plugins`
pub(crate) async fn bring(sent: ProtectedUpload<Bundle>) -> Reply {
    let ProtectedUpload { desk, file: bundle, .. } = sent;
    desk.needs(Right::PluginsChange)?;
    let (status, not_taken) = match bundle {
        Err(why @ NoFile::TooLarge) => (StatusCode::PAYLOAD_TOO_LARGE, NotTaken::no_file(&desk.l, why)),
        Err(why @ NoFile::Empty) => (StatusCode::UNPROCESSABLE_ENTITY, NotTaken::no_file(&desk.l, why)),
        Ok(bundle) => match desk.service().bring_plugin(&desk.ctx, bundle).await {
            Ok(plugin) => return Ok(see_other(&path_of(&plugin.id))),
            Err(Error::Bundle(refusal)) => (StatusCode::UNPROCESSABLE_ENTITY, NotTaken::refused(&desk.l, &refusal)),
            Err(Error::Conflict(what)) => {
                let words = desk.l.t(key("plugin-file-not-newer")).to_string();
                (StatusCode::CONFLICT, NotTaken { words, detail: Some(what) })
            }
            Err(error) => return desk.ok(Err(error)),
        },
    };
    plugins_page(&desk, status, Some(not_taken)).await
}
