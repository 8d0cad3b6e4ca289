//! The beginning of a plugin, with its tests: a connector that reads people from a small HTTP
//! directory, or a template of signatures.

use std::fs;
use std::path::Path;

use crate::project::is_id;

/// What a plugin is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It reads people.
    Connector,
    /// It makes signatures.
    SignatureTemplate,
}

impl Kind {
    const fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Connector => &CONNECTOR,
            Self::SignatureTemplate => &TEMPLATE,
        }
    }
}

/// Files of a new template of signatures: `@name@`, `@module@` and `@sdk@` stand for what is not
/// known yet.
const TEMPLATE: [(&str, &str); 7] = [
    ("Cargo.toml", include_str!("scaffold/template/cargo.toml.txt")),
    ("plugin.toml", include_str!("scaffold/template/plugin.toml.txt")),
    ("README.md", include_str!("scaffold/template/readme.md.txt")),
    (".gitignore", include_str!("scaffold/gitignore.txt")),
    ("src/lib.rs", include_str!("scaffold/template/lib.rs.txt")),
    ("tests/template.rs", include_str!("scaffold/template/template.rs.txt")),
    ("CHANGELOG.md", include_str!("scaffold/template/changelog.md.txt")),
];

/// Files of a new connector, likewise.
const CONNECTOR: [(&str, &str); 8] = [
    ("Cargo.toml", include_str!("scaffold/cargo.toml.txt")),
    ("plugin.toml", include_str!("scaffold/plugin.toml.txt")),
    ("README.md", include_str!("scaffold/readme.md.txt")),
    (".gitignore", include_str!("scaffold/gitignore.txt")),
    ("src/lib.rs", include_str!("scaffold/lib.rs.txt")),
    ("tests/connector.rs", include_str!("scaffold/connector.rs.txt")),
    ("tests/directory.json", include_str!("scaffold/directory.json.txt")),
    ("CHANGELOG.md", include_str!("scaffold/changelog.md.txt")),
];

/// What no crate may be called: keywords, and crates of Rust's own. They stand here as ids are
/// written, in lower case.
const NO_CRATES: [&str; 57] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "deps",
];

/// Where the SDK comes from.
#[derive(Clone, Copy, Debug)]
pub enum Sdk<'a> {
    /// A folder with its source, as in a checkout of Estampe.
    Path(&'a Path),
    /// A version of the crate, which is published nowhere yet.
    Version(&'a str),
}

/// Writes a new plugin into this folder, which is made and must not hold anything.
pub fn create(folder: &Path, name: &str, kind: Kind, sdk: Sdk<'_>) -> Result<(), String> {
    is_id(name).map_err(|why| format!("the name {why}"))?;
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(format!("the name is {name:?}; expected a letter at its beginning, since it names a crate too"));
    }
    if name.ends_with('-') || NO_CRATES.contains(&name) {
        return Err(format!(
            "the name {name:?} is one that Rust keeps for itself; expected another, since it names a crate too"
        ));
    }
    let at = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() && fs::read_dir(folder).map_err(at)?.next().is_some() {
        return Err(format!("{}: it holds something already; name another folder with --dir", folder.display()));
    }
    let sdk = match sdk {
        Sdk::Version(version) => format!("{version:?}"),
        Sdk::Path(path) => {
            let path = fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let manifest = path.join("Cargo.toml");
            let text = fs::read_to_string(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
            if !text.contains("\"estampe-plugin-sdk\"") {
                return Err(format!(
                    "{}: it is not the SDK; name the folder plugin-sdk of a checkout of Estampe",
                    path.display()
                ));
            }
            // a TOML text knows the escapes of a Rust one that a path may need
            format!("{{ path = {:?} }}", path.display().to_string())
        }
    };
    for (file, template) in kind.files() {
        let path = folder.join(file);
        let text = template.replace("@name@", name).replace("@module@", &name.replace('-', "_")).replace("@sdk@", &sdk);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    #[test]
    fn a_new_plugin_is_a_project_and_writes_over_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("staff");
        for (kind, name) in [(Kind::Connector, "staff-list"), (Kind::SignatureTemplate, "our-signature")] {
            let made = if kind == Kind::Connector { made.clone() } else { folder.path().join(name) };
            create(&made, name, kind, Sdk::Version("0.1.0")).unwrap();
            let project = Project::open(&made).unwrap();
            assert_eq!((project.id.as_str(), project.package.as_str()), (name, name));
            for (file, _) in kind.files() {
                let text = fs::read_to_string(made.join(file)).unwrap();
                for open in ["@name@", "@module@", "@sdk@"] {
                    assert!(!text.contains(open), "{file} holds {open}");
                }
            }
            assert!(fs::read_to_string(made.join("Cargo.toml")).unwrap().contains("estampe-plugin-sdk = \"0.1.0\""));
        }
        let again = create(&made, "staff-list", Kind::Connector, Sdk::Version("0.1.0"));
        assert!(again.unwrap_err().contains("--dir"));
        for name in ["", "Staff", "a b", "../a", "1a", "-a"] {
            let wrong = create(&folder.path().join("x"), name, Kind::Connector, Sdk::Version("0.1.0"));
            assert!(wrong.is_err(), "{name}");
        }
        let nowhere = create(&folder.path().join("y"), "y", Kind::Connector, Sdk::Path(&made)).unwrap_err();
        assert!(nowhere.contains("not the SDK"), "{nowhere}");
    }
}
