//! What `/metrics` says, read by Prometheus' own library (`tests/metrics/parse.py`).

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::server::Server;
use crate::workspace;

/// One line of the exposition.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its name: the metric's, or with `_bucket`, `_sum` or `_count` at its end.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// A metric with its samples.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its name; for a counter without `_total`.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// What it says.
    pub help: String,
    /// Its samples.
    pub samples: Vec<Sample>,
}

/// Everything that was measured at one moment.
#[derive(Debug)]
pub struct Metrics(pub Vec<Family>);

impl Metrics {
    /// Asks a server.
    pub async fn of(server: &Server) -> Self {
        let answer = server.client().get(format!("{}/metrics", server.internal)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        Self::parse(&answer.text().await.unwrap())
    }

    /// Reads the text format.
    pub fn parse(text: &str) -> Self {
        let mut python = Command::new("/usr/bin/python3")
            .arg(workspace().join("tests/metrics/parse.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success(), "the exposition cannot be parsed:\n{text}");
        let families: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        Self(families.iter().map(family).collect())
    }

    /// The sum of the samples of this name that have these labels among theirs.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let all = self.0.iter().flat_map(|family| &family.samples).filter(|sample| sample.name == name);
        all.filter(|sample| labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|v| v == value)))
            .map(|sample| sample.value)
            .sum()
    }

    /// Whether there is a sample of this name at all.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().flat_map(|family| &family.samples).any(|sample| sample.name == name)
    }
}

fn family(value: &Value) -> Family {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let sample = |sample: &Value| Sample {
        name: text(&sample["name"]),
        labels: sample["labels"].as_object().unwrap().iter().map(|(key, value)| (key.clone(), text(value))).collect(),
        value: text(&sample["value"]).parse().unwrap(),
    };
    Family {
        name: text(&value["name"]),
        kind: text(&value["type"]),
        help: text(&value["help"]),
        samples: value["samples"].as_array().unwrap().iter().map(sample).collect(),
    }
}
