//! Backups, over the operator's socket.

use actix_web::http::StatusCode;
use estampe_domain::Ts;
use estampe_domain::backup::{BackupFile, ListPlace};
use estampe_service::BackupState;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

fn file(file: &BackupFile) -> Value {
    json!({ "name": file.name, "made_at": file.made_at.to_string(), "octets": file.octets })
}

/// `GET /v1/backups`
pub(crate) async fn list(wire: Wire) -> Reply {
    let state = wire.ok(wire.service().backup_state(&wire.ctx).await)?;
    wire.json(StatusCode::OK, &told(state))
}

/// How backups stand, for programs: also of a service that is stopped.
pub fn told(state: BackupState) -> Value {
    let plan = state.plan.map(|plan| json!({ "folder": plan.folder, "every_seconds": plan.every, "keep": plan.keep }));
    let good = state.notes.good.map(|good| json!({ "file": file(&good.file), "seconds": good.seconds }));
    let failed = state.notes.failed.map(|failed| json!({ "at": failed.at.to_string(), "why": failed.why }));
    let unpruned = state.notes.unpruned.map(|failed| json!({ "at": failed.at.to_string(), "why": failed.why }));
    let list = |place: ListPlace| {
        let told = state.lists.iter().find(|(of, _)| *of == place).map(|(_, told)| told);
        told.map(|told| match told {
            Ok(list) => json!({ "erased": list.ours.len(), "strange": list.strange, "unreadable": null }),
            Err(why) => json!({ "erased": 0, "strange": 0, "unreadable": why }),
        })
    };
    let lists = json!({ "data": list(ListPlace::Data), "backups": list(ListPlace::Backups) });
    let drill = state
        .notes
        .drill
        .map(|drill| json!({ "at": drill.at.to_string(), "name": drill.name, "made_at": drill.made_at.to_string() }));
    let (done, total) = state.progress;
    let (files, unreadable) = match state.files {
        Ok(files) => (files.iter().map(file).collect::<Vec<_>>(), None),
        Err(why) => (Vec::new(), Some(why)),
    };
    json!({
        "plan": plan,
        "files": files,
        "unreadable": unreadable,
        "good": good,
        "failed": failed,
        "unpruned": unpruned,
        "erasures": lists,
        "drill": drill,
        "work": {
            "number": state.number,
            "running": state.running,
            "done": done,
            "total": total,
            "file": state.ended.as_ref().and_then(|ended| ended.as_ref().ok()).map(file),
            "error": state.ended.and_then(Result::err),
        },
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    #[serde(default)]
    new_folder: bool,
}

/// `POST /v1/backups`: begins one, which goes on by itself.
pub(crate) async fn begin(wire: Wire, body: Body) -> Reply {
    let Begin { new_folder } = wire.body(&body)?;
    let number = wire.ok(wire.service().begin_backup(&wire.ctx, new_folder).await)?;
    wire.json(StatusCode::ACCEPTED, &json!({ "number": number }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verified {
    name: String,
    made_at: Ts,
}

/// `POST /v1/backups/verified`: notes that somebody looked into one and found it whole.
pub(crate) async fn verified(wire: Wire, body: Body) -> Reply {
    let Verified { name, made_at } = wire.body(&body)?;
    wire.ok(wire.service().note_drill(&wire.ctx, name, made_at).await)?;
    wire.json(StatusCode::OK, &json!({ "noted": true }))
}
