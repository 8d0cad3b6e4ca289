//! The beginning of a plugin: a connector that reads people from a small HTTP directory,
//! with its tests.

use std::fs;
use std::path::Path;

use crate::project::is_id;

/// Files of a new plugin, and their templates: `@name@`, `@module@` and `@sdk@` stand for
/// what is not known yet.
const FILES: [(&str, &str); 8] = [
    ("Cargo.toml", include_str!("scaffold/cargo.toml.txt")),
    ("plugin.toml", include_str!("scaffold/plugin.toml.txt")),
    ("README.md", include_str!("scaffold/readme.md.txt")),
    (".gitignore", include_str!("scaffold/gitignore.txt")),
    ("src/lib.rs", include_str!("scaffold/lib.rs.txt")),
    ("tests/connector.rs", include_str!("scaffold/connector.rs.txt")),
    ("tests/directory.json", include_str!("scaffold/directory.json.txt")),
    ("CHANGELOG.md", include_str!("scaffold/changelog.md.txt")),
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
pub fn create(folder: &Path, name: &str, sdk: Sdk<'_>) -> Result<(), String> {
    is_id(name).map_err(|why| format!("the name {why}"))?;
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(format!("the name is {name:?}; expected a letter at its beginning, since it names a crate too"));
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
    for (file, template) in FILES {
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
        create(&made, "staff-list", Sdk::Version("0.1.0")).unwrap();
        let project = Project::open(&made).unwrap();
        assert_eq!((project.id.as_str(), project.package.as_str()), ("staff-list", "staff-list"));
        for (file, _) in FILES {
            let text = fs::read_to_string(made.join(file)).unwrap();
            for open in ["@name@", "@module@", "@sdk@"] {
                assert!(!text.contains(open), "{file} holds {open}");
            }
        }
        assert!(fs::read_to_string(made.join("Cargo.toml")).unwrap().contains("estampe-plugin-sdk = \"0.1.0\""));
        assert!(create(&made, "staff-list", Sdk::Version("0.1.0")).unwrap_err().contains("--dir"));
        for name in ["", "Staff", "a b", "../a", "1a", "-a"] {
            assert!(create(&folder.path().join("x"), name, Sdk::Version("0.1.0")).is_err(), "{name}");
        }
        let nowhere = create(&folder.path().join("y"), "y", Sdk::Path(&made)).unwrap_err();
        assert!(nowhere.contains("not the SDK"), "{nowhere}");
    }
}
