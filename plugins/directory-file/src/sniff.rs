//! Finds out what kind of file it is, and where its first record begins.

use estampe_plugin_sdk::{Failure, FileInfo, FileReader, Host};

use crate::options::{Kind, Options};
use crate::position::{Format, Position};
use crate::{INPUT, csv};

/// UTF-8's byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// How much is looked at, octets.
const HEAD: u32 = 4096;

/// The beginning of the file.
pub fn start(host: &dyn Host, info: &FileInfo, options: &Options) -> Result<Position, Failure> {
    let head = head(host)?;
    if head.trim_ascii().is_empty() && head.len() as u64 == info.size {
        // a run that finds nobody would take everybody's card down
        return Err(Failure::config("the file is empty"));
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Err(Failure::config("the file is UTF-16: save it as UTF-8"));
    }
    let offset = if head.starts_with(BOM) { BOM.len() as u64 } else { 0 };
    let kind = options
        .kind
        .or_else(|| by_name(&info.name))
        .unwrap_or_else(|| by_content(head.strip_prefix(BOM).unwrap_or(&head)));
    Ok(match kind {
        Kind::Ldif => Position::start(info, offset, 1, Format::Ldif(None)),
        Kind::Csv => {
            let (layout, (offset, line)) = csv::layout(FileReader::new(host, INPUT, offset), options)?;
            Position::start(info, offset, line, Format::Csv(layout))
        }
    })
}

/// The file's first octets, at most 4,096. One read may give fewer than it was asked for.
fn head(host: &dyn Host) -> Result<Vec<u8>, Failure> {
    let mut head: Vec<u8> = Vec::new();
    while let Some(wanted @ 1..) = HEAD.checked_sub(u32::try_from(head.len()).unwrap_or(HEAD)) {
        let more = host.read(INPUT, head.len() as u64, wanted)?;
        if more.is_empty() {
            break;
        }
        head.extend(more);
    }
    Ok(head)
}

fn by_name(name: &str) -> Option<Kind> {
    let (_, extension) = name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "ldif" | "ldi" => Some(Kind::Ldif),
        "csv" | "tsv" => Some(Kind::Csv),
        _ => None,
    }
}

/// LDIF begins with a version or a name, after comments and empty lines.
fn by_content(head: &[u8]) -> Kind {
    let first = head
        .split(|octet| *octet == b'\n')
        .find(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#") && !line.starts_with(b" "))
        .unwrap_or_default();
    let first = first.get(..8.min(first.len())).unwrap_or_default().to_ascii_lowercase();
    if first.starts_with(b"version:") || first.starts_with(b"dn:") { Kind::Ldif } else { Kind::Csv }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_name_or_by_their_first_line() {
        assert_eq!(by_name("export.LDI"), Some(Kind::Ldif));
        assert_eq!(by_name("agence.pau.csv"), Some(Kind::Csv));
        assert_eq!(by_name("people.txt"), None);
        assert_eq!(by_content(b"# export\r\n\r\nversion: 1\r\n"), Kind::Ldif);
        assert_eq!(by_content(b"DN:: dWlkPXo=\n"), Kind::Ldif);
        assert_eq!(by_content(b"Nom;Prenom\n"), Kind::Csv);
        assert_eq!(by_content(b"dnx\n"), Kind::Csv);
    }
}
