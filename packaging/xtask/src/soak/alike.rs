//! Two builds of one commit, in two places: whether everything that is shipped is the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use estampe_plugin_kit::signing;

use crate::children;
use crate::steps::note;

/// Clones the newest commit twice, has each make what is shipped, and compares.
pub fn run(workspace: &Path) -> Result<(), String> {
    let work = crate::build::target(workspace).join("alike");
    let failed = |error: std::io::Error| format!("{}: {error}", work.display());
    if work.exists() {
        fs::remove_dir_all(&work).map_err(failed)?;
    }
    fs::create_dir_all(&work).map_err(failed)?;
    let key = work.join("release.key");
    signing::create(&key, "two builds of one commit")?;
    let places = ["one", "another/place"].map(|place| work.join(place));
    for place in &places {
        let mut clone = Command::new("git");
        clone.args(["clone", "--quiet"]).arg(workspace).arg(place);
        children::run("git clone", &mut clone)?;
        let mut dist = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        dist.args(["xtask", "dist", "--key"]).arg(&key).current_dir(place).env_remove("CARGO_TARGET_DIR");
        children::run("cargo xtask dist", &mut dist)?;
    }
    let [one, another] = places.map(|place| sums(&place));
    let differ = differing(&one?, &another?);
    if !differ.is_empty() {
        return Err(format!(
            "two builds of one commit differ in {}; they stand in {}",
            differ.join(", "),
            work.display()
        ));
    }
    note("every file is the same, octet by octet");
    fs::remove_dir_all(&work).map_err(failed)
}

fn sums(place: &Path) -> Result<String, String> {
    let file: PathBuf = place.join("target/dist/SHA256SUMS");
    fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
}

/// The files whose lines are not in both.
fn differing(one: &str, another: &str) -> Vec<String> {
    let only = |of: &str, not: &str| -> Vec<String> {
        let lines: Vec<&str> = not.lines().collect();
        let differ = of.lines().filter(|line| !lines.contains(line));
        differ.map(|line| line.split_whitespace().last().unwrap_or(line).to_owned()).collect()
    };
    let mut names = only(one, another);
    names.extend(only(another, one));
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_differs_is_named_once() {
        let differ = super::differing("a  x.deb\nb  y.deb\n", "a  x.deb\nc  y.deb\nd  z.deb\n");
        assert_eq!(differ, ["y.deb", "z.deb"]);
        assert!(super::differing("a  x\n", "a  x\n").is_empty());
    }
}
