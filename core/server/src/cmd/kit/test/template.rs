//! A template of signatures, tried with people as they are: with much and with little to say,
//! in both languages, and with texts that would be HTML.

use std::path::Path;
use std::time::Instant;

use estampe_domain::Locale;
use estampe_domain::plugin::AttributeValue;
use estampe_domain::ports::{Plugins, Signatures};
use estampe_domain::signature::{Signature, SignatureInput};
use estampe_plugin_host::{Limits, PluginHost};
use jiff::civil::date;

use super::trial::Trial;
use super::{Report, TELLING, mebibytes};

/// Characters of HTML that mail clients take.
const MOST: usize = 10_000;
/// What somebody typed, which is no HTML.
const TYPED: &str = "A <b>bold</b> & \"quoted\" O'Neill";
/// How often a signature is made to say how long it takes.
const ROUNDS: usize = 200;

/// Somebody whose signature is made.
struct Sample {
    name: &'static str,
    input: SignatureInput,
}

type Attributes = Vec<(String, AttributeValue)>;

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    let text = |text: &str| AttributeValue::Text(text.to_owned());
    pairs.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect()
}

/// Whatever a card can have.
fn whole(name: &str, title: &str) -> Attributes {
    let mut all = attributes(&[
        ("displayName", name),
        ("cn", name),
        ("givenName", "Zoé"),
        ("sn", "Lefèvre-Núñez"),
        ("title", title),
        ("department", "Études et développement"),
        ("ou", "Études et développement"),
        ("mobile", "+33 6 00 00 00 01"),
        ("mail", "zoe.lefevre@garonne.example"),
        ("labeledURI", "https://www.garonne.example/zoe"),
        ("street", "18 avenue de l’Europe"),
        ("postalCode", "31520"),
        ("l", "Ramonville-Saint-Agne"),
        ("co", "France"),
        ("pronouns", "elle"),
    ]);
    let phones = ["+33 5 62 00 00 00", "+33 5 62 00 00 99"].map(str::to_owned).to_vec();
    all.push(("telephoneNumber".to_owned(), AttributeValue::Texts(phones)));
    all
}

fn samples() -> Vec<Sample> {
    let house = || {
        attributes(&[
            ("o", "Banque Garonne"),
            ("labeledURI", "https://www.garonne.example/"),
            ("wWWHomePage", "https://www.garonne.example/"),
        ])
    };
    let of = |name, person, locale| {
        let input = SignatureInput { person, organisation: house(), locale, day: date(2026, 7, 14) };
        Sample { name, input }
    };
    let long = "Directrice générale adjointe chargée de la transformation des systèmes d’information ".repeat(2);
    vec![
        of("whole-fr", whole("Zoé Lefèvre-Núñez", "Ingénieure R&D"), Locale::Fr),
        of("whole-en", whole("Zoé Lefèvre-Núñez", "Engineer, R&D"), Locale::En),
        of("little-fr", attributes(&[("displayName", "Zoé"), ("cn", "Zoé")]), Locale::Fr),
        of("little-en", attributes(&[("displayName", "Zoé"), ("cn", "Zoé")]), Locale::En),
        of("typed", whole(TYPED, TYPED), Locale::En),
        of("right-to-left", whole("יעל כהן", "מהנדסת"), Locale::En),
        of("long", whole("Marie-Françoise-Antoinette de La Rochefoucauld-Montbel", long.trim()), Locale::Fr),
    ]
}

/// Tries it; what it made of each sample goes into the folder, to be looked at.
pub(super) async fn examine(trial: &Trial, save: Option<&Path>, report: &mut Report) {
    let host = match trial.host(Limits::default().threads).await {
        Ok(host) => host,
        Err(why) => return report.note("loads", Err(why)),
    };
    report.note("loads", Ok(format!("fits the contract {}", trial.facts.info.contract)));
    let samples = samples();
    let made = match made(trial, &host, &samples).await {
        Ok(made) => made,
        Err(why) => return report.note("render", Err(why)),
    };
    let names: Vec<_> = samples.iter().map(|sample| sample.name).collect();
    report.note("render", Ok(format!("{} signatures: {}", made.len(), names.join(", "))));
    report.note("typed", typed(&samples, &made));
    report.note("text", text(&samples, &made));
    report.note("size", size(&samples, &made));
    report.note("alone", alone(trial, &samples, &made).await);
    report.note("idempotence", again(trial, &host, &samples, &made).await);
    report.note("limits", limits(trial, &host, &samples).await);
    let redacted = redaction(report, &samples);
    report.note("redaction", redacted);
    if let Some(folder) = save {
        report.note("saved", saved(folder, &samples, &made));
    }
}

/// All of them, in one instance, as the appliance does.
async fn made(trial: &Trial, host: &PluginHost, samples: &[Sample]) -> Result<Vec<Signature>, String> {
    let batch = samples.iter().map(|sample| sample.input.clone()).collect();
    let made = host.render(&trial.spec, &trial.given(), batch).await.map_err(|failure| failure.to_string())?;
    let each = samples.iter().zip(made);
    each.map(|(sample, made)| made.map_err(|failure| format!("{}: {failure}", sample.name))).collect()
}

/// What people typed stays text.
fn typed(samples: &[Sample], made: &[Signature]) -> Result<String, String> {
    let (_, signature) = samples
        .iter()
        .zip(made)
        .find(|(sample, _)| sample.name == "typed")
        .ok_or_else(|| "there is no such sample".to_owned())?;
    if signature.html.contains("<b>bold</b>") {
        return Err(format!("{TYPED:?} became HTML; write what people typed by html::escape"));
    }
    if !signature.html.contains("&lt;b&gt;bold") {
        return Err(format!("{TYPED:?} is not in the HTML; expected a name or a title as it was typed"));
    }
    if !signature.text.contains("<b>bold</b>") {
        return Err(format!("{TYPED:?} is not in the text as it was typed; plain text needs no escapes"));
    }
    Ok("texts that look like HTML stay texts".to_owned())
}

fn text(samples: &[Sample], made: &[Signature]) -> Result<String, String> {
    match samples.iter().zip(made).find(|(_, signature)| signature.text.trim().is_empty()) {
        Some((sample, _)) => {
            Err(format!("{}: no text; mails of plain text would end without a signature", sample.name))
        }
        None => Ok(format!("{} of {} have a text", made.len(), samples.len())),
    }
}

fn size(samples: &[Sample], made: &[Signature]) -> Result<String, String> {
    let sizes = samples.iter().zip(made).map(|(sample, signature)| (signature.html.chars().count(), sample.name));
    match sizes.max() {
        // the host refuses what is larger
        Some((largest, name)) if largest > 0 => Ok(format!("{largest} of {MOST} characters of HTML at most ({name})")),
        _ => Err("no HTML is left once the host took out what it does not take".to_owned()),
    }
}

/// Whoever stands beside somebody in a batch changes nothing of theirs.
async fn alone(trial: &Trial, samples: &[Sample], made: &[Signature]) -> Result<String, String> {
    let host = trial.host(1).await?;
    for (sample, together) in samples.iter().zip(made) {
        let batch = vec![sample.input.clone()];
        let mut one = host.render(&trial.spec, &trial.given(), batch).await.map_err(|failure| failure.to_string())?;
        let one = one.pop().ok_or("nothing came back")?.map_err(|failure| format!("{}: {failure}", sample.name))?;
        if one != *together {
            return Err(format!(
                "{}: another signature when it is made alone; keep nothing between people",
                sample.name
            ));
        }
    }
    Ok("each is the same when it is made alone, in a new host".to_owned())
}

async fn again(trial: &Trial, host: &PluginHost, samples: &[Sample], made: &[Signature]) -> Result<String, String> {
    if self::made(trial, host, samples).await? == made {
        return Ok("made once more they are the same".to_owned());
    }
    Err("made once more they are others, though nothing changed".to_owned())
}

async fn limits(trial: &Trial, host: &PluginHost, samples: &[Sample]) -> Result<String, String> {
    let all = samples.iter().cycle().take(ROUNDS).map(|sample| sample.input.clone()).collect();
    let begun = Instant::now();
    let made = host.render(&trial.spec, &trial.given(), all).await.map_err(|failure| failure.to_string())?;
    if let Some(failure) = made.into_iter().find_map(Result::err) {
        return Err(failure.to_string());
    }
    let each = begun.elapsed().as_micros() / ROUNDS as u128;
    let memory = host.usage(&trial.facts.info.id).map_or(0, |usage| usage.memory);
    let most = Limits::default().memory >> 20;
    Ok(format!("{:.1} of {most} MiB of memory; {each} µs each, with the host's part", mebibytes(memory)))
}

fn redaction(report: &Report, samples: &[Sample]) -> Result<String, String> {
    let lines: Vec<_> = report.written().collect();
    let values = samples.iter().flat_map(|sample| &sample.input.person).filter_map(|(_, value)| match value {
        AttributeValue::Text(text) if text.chars().count() >= TELLING => Some(text),
        _ => None,
    });
    let values: Vec<_> = values.collect();
    match lines.iter().find(|line| values.iter().any(|value| line.text.contains(value.as_str()))) {
        // the line itself would repeat it
        Some(line) => Err(format!("a line of {} octets in its log holds a person's value", line.text.len())),
        None => Ok(format!("none of {} lines in its log holds a person's value", lines.len())),
    }
}

fn saved(folder: &Path, samples: &[Sample], made: &[Signature]) -> Result<String, String> {
    let write = |name: String, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (sample, signature) in samples.iter().zip(made) {
        let page =
            format!("<!doctype html><meta charset=\"utf-8\"><title>{}</title>\n{}\n", sample.name, signature.html);
        write(format!("{}.html", sample.name), &page)?;
        write(format!("{}.txt", sample.name), &signature.text)?;
    }
    Ok(format!("{} signatures in {}", made.len(), folder.display()))
}
