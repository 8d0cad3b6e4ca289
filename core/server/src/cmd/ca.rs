//! `estampe ca`: the local certificate authority.

use std::process::ExitCode;

use estampe_adapters::SystemClock;
use estampe_domain::ports::Clock;
use serde_json::json;

use super::print;
use crate::cli::Cli;
use crate::config::{CheckedSettings, Settings, TlsSource};
use crate::tls::{LocalCa, LocalRoot};

/// Its fingerprint, its file, where devices fetch it.
pub fn show(cli: &Cli, settings: &Settings) -> Result<ExitCode, String> {
    let root = LocalRoot::read(&settings.data_dir).map_err(|e| {
        format!("{e}\nThe local CA is made at the first start of `estampe serve`, unless [tls] names a certificate.")
    })?;
    let url = format!("{}/ca", settings.public.origin.trim_end_matches('/'));
    if cli.json {
        print::json(&json!({
            "fingerprint_sha256": root.fingerprint,
            "pem_file": root.file,
            "url": url,
            "not_after": root.not_after.timestamp().to_string(),
        }));
    } else {
        print::line(&format!("SHA-256  {}", root.fingerprint));
        print::line(&format!("File     {}", root.file.display()));
        print::line(&format!("Devices  {url}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a new one and its certificate. Nothing else of the data folder is touched, and a
/// running service takes them up by itself.
pub fn renew(cli: &Cli, settings: &Settings, checked: &CheckedSettings) -> Result<ExitCode, String> {
    let TlsSource::Local { names } = &checked.tls else {
        return Err("tls.certificate_file names a certificate of your own: there is no local CA to renew".to_owned());
    };
    let told = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    eprintln!("A new local CA replaces the former one, limited to: {told}.");
    eprintln!("Every device that trusted the former one must be given the new one, and should forget the old.");
    let now = SystemClock.now();
    LocalCa::make(&checked.data_dir, names, now)?.leaf(names, now)?;
    show(cli, settings)
}
