//! Pictures of signatures: brought by an administrator, served by the public listener, named
//! by their address in designs and rules.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::BlobId;
use estampe_domain::signature::{Design, Picture, PictureFile, PictureKind, PictureProblem, Rule};
use estampe_domain::{Context, Error, Result, Right};
use serde_json::json;

use crate::Service;
use crate::aside::aside;
use crate::signature_forms::{SignatureProblem, named};

/// Pictures that a house can have.
const MOST: usize = 200;

/// A picture and what it is for.
#[derive(Clone, Debug)]
pub struct PictureDetail {
    /// The picture.
    pub picture: Picture,
    /// Where mail programs find it.
    pub address: String,
    /// The names of the designs that show it.
    pub designs: Vec<String>,
    /// The names of the rules that give it.
    pub rules: Vec<String>,
}

impl PictureDetail {
    /// Whether no design and no rule names it.
    pub fn is_unused(&self) -> bool {
        self.designs.is_empty() && self.rules.is_empty()
    }
}

/// Why a picture was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PictureRefusal {
    /// Its name.
    Name(SignatureProblem),
    /// Its file.
    File(PictureProblem),
    /// It is there already, under this name.
    Same(String),
    /// There are as many as can be.
    TooMany(usize),
}

impl fmt::Display for PictureRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(problem) => problem.fmt(f),
            Self::File(problem) => problem.fmt(f),
            Self::Same(name) => write!(f, "it is there already, as \"{name}\""),
            Self::TooMany(most) => write!(f, "there are {most} pictures already"),
        }
    }
}

impl From<PictureRefusal> for Error {
    fn from(refusal: PictureRefusal) -> Self {
        match &refusal {
            PictureRefusal::Name(SignatureProblem::Taken) => Self::Conflict(format!("name: {refusal}")),
            PictureRefusal::Name(_) => Self::invalid("name", refusal.to_string()),
            PictureRefusal::File(_) => Self::invalid("file", refusal.to_string()),
            PictureRefusal::Same(_) | PictureRefusal::TooMany(_) => Self::Conflict(refusal.to_string()),
        }
    }
}

/// A picture as it is served.
#[derive(Clone, Debug)]
pub struct PictureContent {
    /// Its content's name, fit for an ETag.
    pub blob: BlobId,
    /// Its format.
    pub kind: PictureKind,
    /// The file.
    pub content: Vec<u8>,
}

/// Whether one of these values is a picture's address.
fn names(values: &BTreeMap<String, String>, address: &str) -> bool {
    values.values().any(|value| value.trim() == address)
}

impl Service {
    /// Where mail programs find a picture.
    pub fn picture_url(&self, file: &PictureFile) -> String {
        format!("{}/i/{file}", self.settings.public_origin)
    }

    fn detail(&self, picture: Picture, designs: &[Design], rules: &[Rule]) -> PictureDetail {
        let address = self.picture_url(&picture.file);
        let designs = designs.iter().filter(|design| names(&design.config, &address));
        let rules = rules.iter().filter(|rule| names(&rule.settings.values, &address));
        let designs = designs.map(|design| design.name.clone()).collect();
        let rules = rules.map(|rule| rule.name.clone()).collect();
        PictureDetail { picture, address, designs, rules }
    }

    /// Every picture, by name.
    pub async fn signature_pictures(&self, ctx: &Context) -> Result<Vec<PictureDetail>> {
        ctx.require(Right::SignaturesRead)?;
        let read = self.store.read(|tx| Ok((tx.signature_pictures()?, tx.signature_designs()?, tx.signature_rules()?)));
        let (pictures, designs, rules) = read.await?;
        Ok(pictures.into_iter().map(|picture| self.detail(picture, &designs, &rules)).collect())
    }

    /// Makes a file harmless and keeps it under this name; or says what is wrong.
    pub async fn enter_signature_picture(
        &self,
        ctx: &Context,
        name: &str,
        source: Arc<[u8]>,
    ) -> Result<std::result::Result<PictureDetail, PictureRefusal>> {
        ctx.require(Right::SignaturesChange)?;
        let name = match named(name) {
            Ok(name) => name,
            Err(problem) => return Ok(Err(PictureRefusal::Name(problem))),
        };
        let images = Arc::clone(&self.ports.images);
        let made = match aside(move || images.picture(&source)).await? {
            Ok(made) => made,
            Err(problem) => return Ok(Err(PictureRefusal::File(problem))),
        };
        let (ctx, random) = (*ctx, self.shared_random());
        let stored = self.store.write(move |tx| {
            let all = tx.signature_pictures()?;
            if all.len() >= MOST {
                return Ok(Err(PictureRefusal::TooMany(MOST)));
            }
            if all.iter().any(|other| other.name == name) {
                return Ok(Err(PictureRefusal::Name(SignatureProblem::Taken)));
            }
            let blob = tx.put_blob(made.kind.media_type(), &made.content, ctx.now)?;
            let file = PictureFile::of(&blob, made.kind);
            if let Some(same) = all.iter().find(|other| other.file == file) {
                return Ok(Err(PictureRefusal::Same(same.name.clone())));
            }
            let picture = Picture {
                file,
                name,
                kind: made.kind,
                blob,
                width: made.width,
                height: made.height,
                octets: made.content.len() as u64,
                created_at: ctx.now,
            };
            tx.insert_signature_picture(&picture)?;
            let event = AuditEvent::done(&ctx, &*random, "signature.picture.add", "signature-picture", &picture.file);
            tx.audit(&event.with(json!({"name": picture.name})))?;
            Ok(Ok(picture))
        });
        Ok(stored.await?.map(|picture| self.detail(picture, &[], &[])))
    }

    /// Removes a picture that no design and no rule names. Mails that were sent show a gap from then on.
    pub async fn remove_signature_picture(&self, ctx: &Context, name: &str) -> Result<()> {
        ctx.require(Right::SignaturesChange)?;
        let (ctx, random, name, origin) =
            (*ctx, self.shared_random(), name.to_owned(), self.settings.public_origin.clone());
        let removed = self.store.write(move |tx| {
            let all = tx.signature_pictures()?;
            let picture = all.into_iter().find(|picture| picture.name == name).ok_or(Error::NotFound)?;
            let address = format!("{origin}/i/{}", picture.file);
            let designs = tx.signature_designs()?;
            let of_design = designs.iter().find(|design| names(&design.config, &address)).map(|design| &design.name);
            let rules = tx.signature_rules()?;
            let of_rule = rules.iter().find(|rule| names(&rule.settings.values, &address)).map(|rule| &rule.name);
            if let Some(user) = of_design.or(of_rule) {
                let words = format!("\"{user}\" shows this picture: change that first");
                return Err(Error::Conflict(words).into());
            }
            tx.delete_signature_picture(&picture)?;
            let event =
                AuditEvent::done(&ctx, &*random, "signature.picture.remove", "signature-picture", &picture.file);
            tx.audit(&event.with(json!({"name": picture.name})))
        });
        Ok(removed.await?)
    }

    /// What is in a picture: for anybody who knows its address.
    pub async fn picture(&self, _ctx: &Context, file: &str) -> Result<PictureContent> {
        let file = PictureFile::parse(file).ok_or(Error::NotFound)?;
        let found = self.store.read(move |tx| tx.picture_content(&file)).await?;
        let (blob, kind, content) = found.ok_or(Error::NotFound)?;
        Ok(PictureContent { blob, kind, content })
    }
}
