//! Pictures of signatures over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::Error;
use estampe_service::PictureDetail;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::operator::wire::{Upload, Wire};
use crate::respond::Reply;

fn view(one: &PictureDetail) -> Value {
    json!({
        "name": one.picture.name, "address": one.address, "type": one.picture.kind.media_type(),
        "width": one.picture.width, "height": one.picture.height, "octets": one.picture.octets,
        "designs": one.designs, "rules": one.rules,
    })
}

/// `GET /v1/signatures/pictures`
pub(crate) async fn list(wire: Wire) -> Reply {
    let pictures = wire.ok(wire.service().signature_pictures(&wire.ctx).await)?;
    wire.json(StatusCode::OK, &json!({ "pictures": pictures.iter().map(view).collect::<Vec<_>>() }))
}

#[derive(Deserialize)]
pub(crate) struct Named {
    name: String,
}

/// `POST /v1/signatures/pictures?name=`: the body is the file.
pub(crate) async fn add(wire: Wire, named: web::Query<Named>, file: Upload) -> Reply {
    let entered = wire.service().enter_signature_picture(&wire.ctx, &named.name, file.octets()).await;
    let picture = wire.ok(wire.ok(entered)?.map_err(Error::from))?;
    wire.json(StatusCode::CREATED, &view(&picture))
}

/// `POST /v1/signatures/pictures/{name}/remove`
pub(crate) async fn remove(wire: Wire, path: web::Path<String>) -> Reply {
    wire.ok(wire.service().remove_signature_picture(&wire.ctx, &path).await)?;
    wire.json(StatusCode::OK, &json!({ "removed": *path }))
}
