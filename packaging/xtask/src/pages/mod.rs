//! `cargo xtask pages`: holds what the pages say to what is there. Links lead to files and
//! headings, tests that are named exist, the table of the ASVS has every row once and its
//! counts are those of its rows.

mod asvs;
mod links;
mod named;

use std::fs;
use std::path::{Path, PathBuf};

/// Pages that name tests as proof.
const PROVING: [&str; 2] = ["docs/operator/threat-model.md", asvs::PAGE];

/// Fails with everything that is not true.
pub fn check(workspace: &Path) -> Result<(), String> {
    let pages = all(workspace)?;
    let mut problems = Vec::new();
    let (mut links, mut tests) = (0, 0);
    for page in &pages {
        links += links::check(workspace, page, &mut problems)?;
    }
    for name in PROVING {
        tests += named::check(workspace, &read(&workspace.join(name))?, name, &mut problems);
    }
    let rows = asvs::check(&read(&workspace.join(asvs::PAGE))?, &mut problems);
    if problems.is_empty() {
        println!("{} pages, {links} links, {tests} tests named, {rows} rows of the ASVS", pages.len());
        return Ok(());
    }
    Err(format!("what the pages say is not what is there:\n  {}", problems.join("\n  ")))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Every page below docs/, and those beside it.
fn all(workspace: &Path) -> Result<Vec<PathBuf>, String> {
    let mut pages: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md", "SECURITY.md"].iter().map(|name| workspace.join(name)).collect();
    let mut folders = vec![workspace.join("docs")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    Ok(pages)
}
