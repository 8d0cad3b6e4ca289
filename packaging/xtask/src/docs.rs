//! `cargo xtask docs`: writes docs/plugins/contract.md from the contract's text,
//! docs/operator/configuration.md from config/estampe.toml, and docs/api/openapi.json from the
//! code of the API, so that they cannot say anything else. CI holds the pages to what they are
//! made of, and a test of the API holds the document to the code.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{build, children, configuration};

/// The contract's files, in the order in which they are read best.
const SOURCES: [&str; 3] = ["estampe.wit", "http.wit", "ldap.wit"];

const HEAD: &str = "\
<!-- Written by `cargo xtask docs` from plugin-sdk/wit: change the contract's comments instead. -->

# The contract

Package `estampe:plugin`, in [WIT](https://component-model.bytecodealliance.org/design/wit.html).
The files are in [plugin-sdk/wit](../../plugin-sdk/wit); what follows is their text. Rust's
names for it are those of the crate `estampe-plugin-sdk`.
";

/// Writes the pages.
pub fn write(workspace: &Path) -> Result<(), String> {
    for (page, text, _) in pages(workspace)? {
        fs::write(&page, text).map_err(|error| format!("{}: {error}", page.display()))?;
        println!("{}", page.display());
    }
    // the code says itself what it answers; its test writes the file where it is asked to
    let mut cargo = build::cargo(workspace);
    cargo.args(["test", "--quiet", "-p", "estampe-web", "--lib", "the_kept_document_is_what_the_code_says"]);
    children::run("cargo test of the API's document", cargo.env("ESTAMPE_WRITE_OPENAPI", "1"))?;
    println!("{}", workspace.join("docs/api/openapi.json").display());
    Ok(())
}

/// Fails when a page is not what it is made of.
pub fn check(workspace: &Path) -> Result<(), String> {
    for (page, text, of) in pages(workspace)? {
        let found = fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
        if found != text {
            return Err(format!("{} is not what {of} says: run `cargo xtask docs`", page.display()));
        }
    }
    Ok(())
}

/// The generated pages: where, what, and of what.
fn pages(workspace: &Path) -> Result<[(PathBuf, String, &'static str); 2], String> {
    Ok([
        (workspace.join("docs/plugins/contract.md"), generate(workspace)?, "plugin-sdk/wit"),
        (
            workspace.join("docs/operator/configuration.md"),
            configuration::generate(workspace)?,
            configuration::REFERENCE,
        ),
    ])
}

fn generate(workspace: &Path) -> Result<String, String> {
    let folder = workspace.join("plugin-sdk/wit");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_by_key(|name| (SOURCES.iter().position(|other| other == name).unwrap_or(SOURCES.len()), name.clone()));
    let mut out = HEAD.to_owned();
    for name in names.iter().filter(|name| Path::new(name).extension().is_some_and(|end| end == "wit")) {
        let file = folder.join(name);
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        render(&text, &mut out).map_err(|why| format!("{}: {why}", file.display()))?;
    }
    Ok(out)
}

/// Every interface and world as a section, with what stands in it as parts.
fn render(text: &str, out: &mut String) -> Result<(), String> {
    let (mut said, mut lines) = (Vec::new(), text.lines().enumerate());
    while let Some((at, line)) = lines.next() {
        if let Some(words) = line.trim_start().strip_prefix("///") {
            said.push(words.trim());
        } else if line.starts_with("package ") {
            prose(&mut said, out);
        } else if let Some((kind, name)) = section(line) {
            let _ = write!(out, "\n## {kind} `{name}`\n");
            prose(&mut said, out);
        } else if line.starts_with("    ") {
            let mut block = vec![line.get(4..).unwrap_or_default()];
            // a function whose parameters stand one below the other
            while block.first().is_some_and(|first| first.contains("func("))
                && !block.last().is_some_and(|l| l.ends_with(';'))
            {
                let (_, line) = lines.next().ok_or_else(|| format!("line {}: it has no end", at + 1))?;
                block.push(line.get(4..).unwrap_or_default());
            }
            if line.ends_with('{') {
                // to the brace that stands below its beginning
                loop {
                    let (_, line) = lines.next().ok_or_else(|| format!("line {}: it has no end", at + 1))?;
                    block.push(line.get(4..).unwrap_or_default());
                    if line == "    }" {
                        break;
                    }
                }
            }
            part(&mut said, &block, out);
        } else if !line.is_empty() && line != "}" {
            return Err(format!("line {}: expected a comment, an interface, a world or an item", at + 1));
        }
    }
    Ok(())
}

/// `interface NAME {`, `world NAME {`
fn section(line: &str) -> Option<(&str, &str)> {
    let (kind, name) = line.strip_suffix(" {")?.split_once(' ')?;
    ["interface", "world"].contains(&kind).then_some((kind, name))
}

/// What needs no heading: `use`, `import`, `export`.
fn is_plain(line: &str) -> bool {
    ["use ", "import ", "export "].iter().any(|word| line.trim_start().starts_with(word))
}

fn part(said: &mut Vec<&str>, block: &[&str], out: &mut String) {
    let first = block.first().copied().unwrap_or_default();
    if is_plain(first) {
        // a list, which begins after an empty line
        let before = if out.lines().next_back().is_some_and(|line| line.starts_with("- `")) { "" } else { "\n" };
        let _ = writeln!(out, "{before}- `{}`", first.trim_end_matches(';'));
        said.clear();
        return;
    }
    let name = match first.split_once(':') {
        Some((name, _)) if !name.contains(' ') => name,
        _ => first.split([' ', '=']).nth(1).unwrap_or(first),
    };
    let _ = write!(out, "\n### `{}`\n", name.trim_end_matches([':', ';', '{']).trim());
    prose(said, out);
    let _ = write!(out, "\n```wit\n{}\n```\n", block.join("\n"));
}

fn prose(said: &mut Vec<&str>, out: &mut String) {
    if !said.is_empty() {
        let _ = write!(out, "\n{}\n", said.join("\n"));
        said.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_its_words_and_its_text() {
        let text = "/// All of it.\npackage a:b@0.1.0;\n\n/// Time.\ninterface clock {\n    use types.{failure};\n    \
                    /// Now.\n    now: func() -> s64;\n    \
                    /// Wide.\n    wide: func(\n        /// One.\n        one: u8,\n    ) -> bool;\n    /// How.\n    enum mode {\n        /// Quick.\n        quick,\n    }\n}\n";
        let mut out = String::new();
        assert_eq!(render(text, &mut out), Ok(()));
        for part in [
            "\nAll of it.\n",
            "## interface `clock`\n\nTime.\n",
            "- `use types.{failure}`",
            "### `now`\n\nNow.\n\n```wit\nnow: func() -> s64;\n```",
            "### `wide`\n\nWide.\n\n```wit\nwide: func(\n    /// One.\n    one: u8,\n) -> bool;\n```",
            "### `mode`\n\nHow.\n\n```wit\nenum mode {\n    /// Quick.\n    quick,\n}\n```",
        ] {
            assert!(out.contains(part), "{part:?} is not in {out}");
        }
        assert!(render("nonsense\n", &mut String::new()).is_err());
    }
}
