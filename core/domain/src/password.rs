//! What a new password has to be.
//!
//! CNIL's recommendation of 21 July 2022 (2022-100) asks for 50 bits where tries are
//! throttled, refuses what is known to be in use elsewhere, and wants no renewal.
//! OWASP ASVS 5.0 (6.2) adds: at least 8 characters, up to 64 and more taken, no rule about
//! kinds of characters, a list of breached ones, words of the context.

use std::cmp::Reverse;

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use zxcvbn::{Score, zxcvbn};

/// Fewest characters.
pub const PASSWORD_MIN: usize = 12;
/// Most characters, so that hashing stays bounded.
pub const PASSWORD_MAX: usize = 256;
/// Fewest bits by length and alphabet, as CNIL counts them.
pub const PASSWORD_BITS: f64 = 50.0;

/// Why a new password was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordProblem {
    /// Fewer than [`PASSWORD_MIN`] characters.
    TooShort,
    /// More than [`PASSWORD_MAX`].
    TooLong,
    /// Fewer than [`PASSWORD_BITS`]: digits alone, the same sign again and again.
    TooUniform,
    /// Guessed within ten thousand million tries: common words, names, dates, rows of keys,
    /// what is known of who chose it.
    Guessable,
    /// Found in what was taken from other services.
    Breached,
}

/// Checks a new password. `about` is what a stranger would try first: the names of who
/// chooses it, their address, the organisation.
pub fn check_new_password(password: &str, about: &[&str]) -> Result<(), PasswordProblem> {
    let count = password.chars().count();
    if count < PASSWORD_MIN {
        return Err(PasswordProblem::TooShort);
    }
    if count > PASSWORD_MAX {
        return Err(PasswordProblem::TooLong);
    }
    let folded = folded(password);
    if is_common(&folded) {
        return Err(PasswordProblem::Breached);
    }
    if bits(password) < PASSWORD_BITS {
        return Err(PasswordProblem::TooUniform);
    }
    let mut words = context_words(about);
    if rest_without(&folded, &words) < REST {
        return Err(PasswordProblem::Guessable);
    }
    // the estimator knows English; the list knows what French and others choose
    words.extend(core_word(&folded).filter(|word| is_common(word)));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if zxcvbn(password, &words).score() < Score::Four {
        return Err(PasswordProblem::Guessable);
    }
    Ok(())
}

/// Bits by length and alphabet: `n · log2(alphabet)`, where a sign that only repeats the one
/// before, or counts on from it, adds nothing.
fn bits(password: &str) -> f64 {
    let any = |is_of: fn(char) -> bool| password.chars().any(is_of);
    // CNIL counts 37 for the signs of a keyboard; ASCII has 33 with the space
    let kinds = [
        (any(|c| c.is_ascii_digit()), 10),
        (any(|c| c.is_ascii_lowercase()), 26),
        (any(|c| c.is_ascii_uppercase()), 26),
        (any(|c| c.is_ascii() && !c.is_ascii_alphanumeric()), 33),
        (any(|c| !c.is_ascii()), 64),
    ];
    let alphabet: u32 = kinds.iter().filter(|(there, _)| *there).map(|(_, size)| size).sum();
    let mut said = 0_u32;
    let (mut before, mut step_before) = (None, None);
    for sign in password.chars().map(|c| i64::from(u32::from(c))) {
        let step: Option<i64> = before.map(|before| sign - before);
        let goes_on = step.is_some_and(|step| (-1..=1).contains(&step)) && (step == Some(0) || step == step_before);
        if !goes_on {
            said += 1;
        }
        (before, step_before) = (Some(sign), step);
    }
    f64::from(said) * f64::from(alphabet.max(1)).log2()
}

/// One spelling for the list: compatibility forms and capitals make no other password.
pub fn folded(password: &str) -> String {
    password.nfkc().flat_map(char::to_lowercase).collect()
}

/// The words of names and addresses, each alone, and the whole.
fn context_words(about: &[&str]) -> Vec<String> {
    let mut words = vec!["estampe".to_owned()];
    for text in about {
        let text = folded(text);
        words.extend(text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().count() >= 3).map(str::to_owned));
        words.push(text);
    }
    words
}

/// So many letters and digits have to be there besides what is known of who chooses it.
const REST: usize = 6;

/// Letters and digits that are left when known words go, with or without their accents, and the figures
/// before and after them; all of them where no known word is there.
fn rest_without(folded: &str, words: &[String]) -> usize {
    let mut words: Vec<String> = words.iter().map(|word| plain(word)).filter(|w| w.chars().count() >= 3).collect();
    words.sort_by_key(|word| Reverse(word.len()));
    let whole = plain(folded);
    let mut rest = whole.clone();
    for word in words {
        rest = rest.replace(&word, " ");
    }
    let counted = if rest == whole { whole.as_str() } else { rest.trim_matches(|c: char| !c.is_alphabetic()) };
    counted.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Letters without their accents.
fn plain(folded: &str) -> String {
    folded.nfkd().filter(|c| !is_combining_mark(*c)).collect()
}

/// What is left when digits and signs before and after go, and figures are read as letters:
/// `P@ssw0rd2026!` is `password`.
fn core_word(folded: &str) -> Option<String> {
    let plain: String = folded
        .trim_matches(|c: char| !c.is_alphabetic() && !"@$".contains(c))
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        })
        .collect();
    (plain.chars().count() >= 6).then_some(plain)
}

/// How many octets of a SHA-256 the list keeps of each.
const KEPT: usize = 5;
/// Sorted beginnings of SHA-256: see `data/README.md`.
static COMMON: &[u8] = include_bytes!("../data/common-passwords.bin");

/// The list's entry of a folded password.
pub fn list_entry(folded: &str) -> [u8; KEPT] {
    let hash = Sha256::digest(folded.as_bytes());
    let mut entry = [0; KEPT];
    entry.iter_mut().zip(hash.iter()).for_each(|(to, from)| *to = *from);
    entry
}

fn is_common(folded: &str) -> bool {
    let (entries, _) = COMMON.as_chunks::<KEPT>();
    entries.binary_search(&list_entry(folded)).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(password: &str) -> Option<PasswordProblem> {
        check_new_password(password, &["Anne-Marie Lefèvre", "am.lefevre@exemple.fr", "Banque Horizon"]).err()
    }

    #[test]
    fn good_ones_are_taken() {
        for good in [
            "violet hortensia 47",
            "cheval agrafe batterie juste",
            "kX9#vQ2m!pL7",
            "Zq8vr-Wm2tp-Lk5xs",
            "ÉcureuilGrimpeChêne",
        ] {
            assert_eq!(refused(good), None, "{good}");
        }
        // 64 characters and more, of any kind
        assert_eq!(refused(&"correct horse battery staple ".repeat(8)), None);
    }

    #[test]
    fn each_kind_of_bad_one_is_told_apart() {
        use PasswordProblem::{Breached, Guessable, TooLong, TooShort, TooUniform};
        for (bad, why) in [
            ("elevensigns", TooShort),
            ("mmmmmmmmmmmmmmmmmmmmmm", TooUniform),
            ("123456789012", Breached),
            ("583920174628", TooUniform),
            ("abcdefghijklmnop", Breached),
            ("password1234", Breached),
            ("Motdepasse2026!", Guessable),
            ("P@ssw0rd2026!!", Guessable),
            ("Azertyuiop2026", Guessable),
            ("Soleil-Soleil-1", Guessable),
            ("Lefevre1975!!", Guessable),
            ("BanqueHorizon1", Guessable),
            ("Estampe2026!!", Guessable),
            ("Anne-Marie-Lefèvre-1", Guessable),
        ] {
            assert_eq!(refused(bad), Some(why), "{bad}");
        }
        assert_eq!(refused(&"a1b2".repeat(65)), Some(TooLong));
    }

    #[test]
    fn ones_own_name_with_a_year_is_guessed() {
        let known: [(&[&str], &str); 2] = [
            (&["Zoé Lefèvre-Núñez", "zoe.lefevre@banque.example"], "zoelefevre2024!!"),
            (&["Mehdi Aït-Ouali", "mehdi.ait-ouali@banque.example"], "mehdi-ait-ouali-2024"),
        ];
        for (about, bad) in known {
            assert_eq!(check_new_password(bad, about), Err(PasswordProblem::Guessable), "{bad}");
        }
        // a short name inside of other words takes little of them away
        assert_eq!(check_new_password("parfaitement-tulipe-grès", &["Léa Ait"]), Ok(()));
    }

    #[test]
    fn the_list_is_sorted_and_whole() {
        let (entries, rest) = COMMON.as_chunks::<KEPT>();
        assert!(rest.is_empty() && entries.len() > 50_000, "{}", entries.len());
        assert!(entries.is_sorted());
        for common in ["motdepasse", "iloveyou", "azertyuiop", "123456789012"] {
            assert!(is_common(common), "{common}");
        }
        assert!(!is_common("cheval agrafe batterie juste"));
    }

    proptest! {
        #[test]
        fn random_ones_of_sixteen_letters_are_taken(password in "[a-zA-Z0-9]{16}") {
            // sixteen at random have 95 bits; the estimator may see a word in few of them
            prop_assume!(bits(&password) >= 60.0);
            prop_assert_ne!(refused(&password), Some(PasswordProblem::Breached));
            prop_assert_ne!(refused(&password), Some(PasswordProblem::TooUniform));
        }

        #[test]
        fn nothing_typed_makes_it_fall_over(password in "\\PC{0,300}", about in "\\PC{0,40}") {
            let _ = check_new_password(&password, &[&about]);
        }
    }
}
