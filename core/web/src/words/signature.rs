//! What is wrong with what was typed for a design of signatures or a rule.

use estampe_service::{SignatureProblem, SignatureProblems};

use crate::console::source_form::Found;
use crate::locale::Lang;
use crate::words::{config_problem, text_problem};

/// What is wrong, in words.
pub(crate) fn words(l: &Lang, problem: &SignatureProblem) -> String {
    match problem {
        SignatureProblem::Text(problem) => text_problem(l, problem),
        SignatureProblem::Slash => l.t("signature-problem-slash").to_string(),
        SignatureProblem::Taken => l.t("signature-problem-taken").to_string(),
        SignatureProblem::NoGroup(name) => l.t("signature-problem-group").with("name", name.as_str()).to_string(),
        SignatureProblem::SeveralGroups(name, ids) => {
            let words = l.t("signature-problem-groups").with("name", name.as_str());
            words.with("ids", ids.as_str()).to_string()
        }
        SignatureProblem::NoLanguage(_) => l.t("signature-problem-language").to_string(),
        SignatureProblem::NoDay(_) => l.t("signature-problem-day").to_string(),
        SignatureProblem::Backwards(..) => l.t("signature-problem-backwards").to_string(),
        SignatureProblem::NoDesign(name) => l.t("signature-problem-design").with("name", name.as_str()).to_string(),
        SignatureProblem::GivesNothing => l.t("signature-problem-nothing").to_string(),
        SignatureProblem::Config(problem) => config_problem(l, problem),
    }
}

/// The first problem of each field, in words.
pub(crate) fn problems(l: &Lang, problems: &SignatureProblems) -> Found {
    problems.iter().rev().map(|(field, problem)| (field.clone(), words(l, problem))).collect()
}
