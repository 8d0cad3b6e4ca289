//! Two builds of one commit, in two places: whether everything that is shipped is the same, but for
//! signatures: no two of those are alike.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::children;

/// Clones the newest commit twice, has the first make what is shipped, and the second the same with
/// the signatures of the first, as somebody would who has no key and wants to know.
pub fn run(workspace: &Path) -> Result<(), String> {
    let work = crate::build::target(workspace).join("alike");
    let failed = |error: std::io::Error| format!("{}: {error}", work.display());
    if work.exists() {
        fs::remove_dir_all(&work).map_err(failed)?;
    }
    fs::create_dir_all(&work).map_err(failed)?;
    let places = ["one", "another/place"].map(|place| work.join(place));
    let mut like = None;
    for place in &places {
        let mut clone = Command::new("git");
        clone.args(["clone", "--quiet"]).arg(workspace).arg(place);
        children::run("git clone", &mut clone)?;
        let mut dist = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        dist.args(["xtask", "dist"]).current_dir(place).env_remove("CARGO_TARGET_DIR");
        if let Some(like) = &like {
            dist.arg("--like").arg(like);
        }
        children::run("cargo xtask dist", &mut dist)?;
        like = Some(place.join("target/dist"));
    }
    fs::remove_dir_all(&work).map_err(failed)
}
