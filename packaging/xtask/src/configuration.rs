//! docs/operator/configuration.md, made of config/estampe.toml: a table for each section, with
//! every key, its default and what the comment above it says.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Where every key stands at its default.
pub const REFERENCE: &str = "config/estampe.toml";

const HEAD: &str = "\
<!-- Written by `cargo xtask docs` from config/estampe.toml: change the comments there instead. -->

# Configuration

Every key with its default and what it means; the same as [config/estampe.toml](../../config/estampe.toml), which may
be copied to begin with. Layers, secrets and a first example: [install](install.md#configure). `estampe check-config`
says what is wrong without starting anything; *Settings* in the console shows what counts, where it was set and whether
a reload takes it.

Read in this order, later ones winning: the defaults, the file, `conf.d/*.toml` beside it, the environment. A variable is
`ESTAMPE_`, the section, two underscores, the key: `ESTAMPE_SMTP__HOST`, `ESTAMPE_DATA_DIR`.
";

/// A key as the file shows it.
#[derive(Debug, PartialEq, Eq)]
struct Key {
    name: String,
    default: String,
    /// The comment above it; empty where it follows another key without one.
    meaning: String,
}

/// A section and its keys.
#[derive(Debug, PartialEq, Eq)]
struct Section {
    name: String,
    keys: Vec<Key>,
}

/// The page's text.
pub fn generate(workspace: &Path) -> Result<String, String> {
    let file = workspace.join(REFERENCE);
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut out = HEAD.to_owned();
    for section in sections(&text).map_err(|why| format!("{}: {why}", file.display()))? {
        render(&section, &mut out);
    }
    Ok(out)
}

fn sections(text: &str) -> Result<Vec<Section>, String> {
    let mut sections = vec![Section { name: String::new(), keys: Vec::new() }];
    let mut said: Vec<&str> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if let Some(words) = line.strip_prefix('#') {
            said.push(words.trim());
        } else if line.trim().is_empty() {
            // what stands alone is about the file
            said.clear();
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(Section { name: name.to_owned(), keys: Vec::new() });
        } else if let (Some((name, default)), Some(section)) = (line.split_once(" = "), sections.last_mut()) {
            let key = Key { name: name.to_owned(), default: default.to_owned(), meaning: said.join(" ") };
            section.keys.push(key);
            said.clear();
        } else {
            return Err(format!("line {}: expected a comment, a section or a key on one line", at + 1));
        }
    }
    Ok(sections)
}

fn render(section: &Section, out: &mut String) {
    let title = if section.name.is_empty() { "At the top".to_owned() } else { format!("`[{}]`", section.name) };
    let _ = write!(out, "\n## {title}\n\n| key | default | meaning |\n|---|---|---|\n");
    for key in &section.keys {
        let meaning = if key.meaning.is_empty() { "with the one above".to_owned() } else { plain(&key.meaning) };
        let _ = writeln!(out, "| `{}` | `{}` | {meaning} |", key.name, key.default);
    }
}

/// Words in which nothing is markup, but for what stands in backticks already.
fn plain(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for (at, part) in words.split('`').enumerate() {
        let is_code = at % 2 == 1;
        if at > 0 {
            out.push('`');
        }
        for c in part.chars() {
            if c == '|' || (!is_code && "*<[_".contains(c)) {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_default_and_the_words_above_it() {
        let text = "# About it all.\n\n# Where.\ndata_dir = \"/x\"\n\n[smtp]\n# The next\n# server: a|b <c>, `*.d`.\nhost = \"\"\nport = 587\n";
        let mut out = String::new();
        for section in sections(text).unwrap() {
            render(&section, &mut out);
        }
        for row in [
            "## At the top\n",
            "| `data_dir` | `\"/x\"` | Where. |",
            "## `[smtp]`\n",
            "| `host` | `\"\"` | The next server: a\\|b \\<c>, `*.d`. |",
            "| `port` | `587` | with the one above |",
        ] {
            assert!(out.contains(row), "{row:?} is not in {out}");
        }
        assert!(!out.contains("About it all"));
        assert!(sections("nonsense\n").is_err());
    }
}
