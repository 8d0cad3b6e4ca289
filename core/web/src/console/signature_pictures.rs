//! Pictures of signatures: what there is, where it is found, and bringing another one.

use std::path::Path;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::signature::{PICTURE_HEIGHT, PICTURE_OCTETS, PICTURE_SOURCE, PICTURE_WIDTH, PictureProblem};
use estampe_domain::{Error, Right};
use estampe_service::{PictureDetail, PictureRefusal};

use crate::console::shell::{Section, Shell};
use crate::error::Fault;
use crate::fields::Field;
use crate::forms::{Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, kept_as, see_other};
use crate::session::Desk;
use crate::uploads::{NoFile, ProtectedUpload, Sent};
use crate::words;

const HERE: &str = "/signatures/pictures";

/// A picture that is brought.
pub(crate) struct Brought;

impl Sent for Brought {
    const FIELD: &'static str = "picture";
    const MOST: u64 = PICTURE_SOURCE as u64;
}

/// The page.
#[derive(Template)]
#[template(path = "console/signature_pictures.html")]
pub(crate) struct PicturesPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) pictures: &'a [PictureDetail],
    pub(crate) name: Field,
    /// What is wrong with the file.
    pub(crate) file: Option<String>,
    /// The one that was to be removed while it is shown.
    pub(crate) kept: Option<&'a str>,
}

impl<'a> PicturesPage<'a> {
    pub(crate) fn new(l: &'a Lang, s: Shell, pictures: &'a [PictureDetail], name: &str) -> Self {
        let name = Field::new("name", l.t("picture-name"), name).optional().hint(l.t("picture-name-hint"));
        Self { l, s, pictures, name, file: None, kept: None }
    }

    /// Shows what is wrong beside what it is wrong with.
    pub(crate) fn refused(&mut self, refusal: &PictureRefusal) {
        match refusal {
            PictureRefusal::Name(problem) => self.name.problem = Some(words::signature::words(self.l, problem)),
            PictureRefusal::File(problem) => self.file = Some(file_words(self.l, *problem)),
            PictureRefusal::Same(name) => {
                self.file = Some(self.l.t("picture-same").with("name", name.as_str()).to_string());
            }
            PictureRefusal::TooMany(most) => {
                self.file = Some(self.l.t("picture-too-many").with("most", *most).to_string());
            }
        }
    }

    fn facts(&self, one: &PictureDetail) -> String {
        let words = self.l.t("picture-facts").with("width", one.picture.width).with("height", one.picture.height);
        words.with("kib", one.picture.octets.div_ceil(1024)).to_string()
    }

    /// The designs and rules that show it.
    fn users(&self, one: &PictureDetail) -> String {
        [one.designs.as_slice(), one.rules.as_slice()].concat().join(", ")
    }

    fn hint(&self) -> String {
        let words = self.l.t("picture-file-hint").with("width", PICTURE_WIDTH).with("height", PICTURE_HEIGHT);
        words.with("kib", PICTURE_OCTETS >> 10).to_string()
    }
}

fn file_words(l: &Lang, problem: PictureProblem) -> String {
    match problem {
        PictureProblem::FileTooLarge => l.t("picture-file-too-large").with("mib", PICTURE_SOURCE >> 20).to_string(),
        PictureProblem::UnknownFormat => l.t("picture-file-unknown").to_string(),
        PictureProblem::Moves => l.t("picture-file-moves").to_string(),
        PictureProblem::TooManyPixels => l.t("picture-file-pixels").to_string(),
        PictureProblem::Damaged => l.t("picture-file-damaged").to_string(),
        PictureProblem::TooHeavy(octets) => {
            let words = l.t("picture-file-heavy").with("kib", octets.div_ceil(1024));
            words.with("most", PICTURE_OCTETS >> 10).to_string()
        }
    }
}

async fn pictures(desk: &Desk) -> Result<Vec<PictureDetail>, Fault> {
    desk.ok(desk.service().signature_pictures(&desk.ctx).await)
}

/// `GET /signatures/pictures`
pub(crate) async fn list(desk: Desk) -> Reply {
    desk.needs(Right::SignaturesRead)?;
    let pictures = pictures(&desk).await?;
    desk.page(&PicturesPage::new(&desk.l, Shell::new(&desk, Section::Signatures, HERE), &pictures, ""))
}

/// `POST /signatures/pictures`
pub(crate) async fn bring(sent: ProtectedUpload<Brought>) -> Reply {
    let ProtectedUpload { desk, file, file_name, mut typed, .. } = sent;
    desk.needs(Right::SignaturesChange)?;
    let name = typed.remove("name").unwrap_or_default().trim().to_owned();
    let outcome = match file {
        Ok(source) => {
            let called = Path::new(&file_name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
            let called = if name.is_empty() { called.unwrap_or_default() } else { name.clone() };
            match desk.ok(desk.service().enter_signature_picture(&desk.ctx, &called, source).await)? {
                Ok(_) => return Ok(see_other(HERE)),
                Err(refusal) => Ok(refusal),
            }
        }
        Err(NoFile::TooLarge) => Ok(PictureRefusal::File(PictureProblem::FileTooLarge)),
        Err(NoFile::Empty) => Err(desk.l.t("picture-file-empty").to_string()),
    };
    let pictures = pictures(&desk).await?;
    let mut page = PicturesPage::new(&desk.l, Shell::new(&desk, Section::Signatures, HERE), &pictures, &name);
    match outcome {
        Ok(refusal) => page.refused(&refusal),
        Err(words) => page.file = Some(words),
    }
    desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `GET /signatures/pictures/{file}`: how it looks, for the list.
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    desk.needs(Right::SignaturesRead)?;
    let picture = desk.ok(desk.service().picture(&desk.ctx, &path).await)?;
    Ok(kept_as(&request, picture.kind.media_type(), picture.blob.as_str(), picture.content))
}

/// `POST /signatures/pictures/{file}/remove`
pub(crate) async fn remove(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.needs(Right::SignaturesChange)?;
    let there = pictures(&desk).await?;
    let found = there.iter().find(|one| one.picture.file.as_str() == path.as_str());
    let name = desk.ok(found.map(|one| one.picture.name.clone()).ok_or(Error::NotFound))?;
    match desk.service().remove_signature_picture(&desk.ctx, &name).await {
        Err(Error::Conflict(_)) => {
            let there = pictures(&desk).await?;
            let s = Shell::new(&desk, Section::Signatures, HERE);
            let page = PicturesPage { kept: Some(&name), ..PicturesPage::new(&desk.l, s, &there, "") };
            desk.page_with(StatusCode::CONFLICT, &page)
        }
        outcome => {
            desk.ok(outcome)?;
            Ok(see_other(HERE))
        }
    }
}

/// `GET` of the addresses of buttons.
pub(crate) async fn back(_: Desk) -> Reply {
    Ok(see_other(HERE))
}
