//! Rules that hold whatever the directory says and whoever enters what.

use proptest::prelude::*;

use super::*;
use crate::person::{LabelledPhone, PhoneKind};
use crate::text::TextProblem;

fn bare(name: &str) -> Profile {
    serde_json::from_value(serde_json::json!({ "display_name": name })).unwrap()
}

fn profile() -> impl Strategy<Value = Profile> {
    let word = || prop_oneof![Just(None), Just(Some("a")), Just(Some("b")), Just(Some("c"))];
    let phones = prop::collection::vec(prop_oneof![Just("+33 1"), Just("+33 2")], 0..3);
    (prop_oneof![Just("Ada"), Just("Zoé"), Just("Alan")], word(), word(), word(), word(), phones).prop_map(
        |(name, title, office, department, mail, phones)| {
            let mut profile = bare(name);
            profile.given_name = Some(name.parse().unwrap());
            profile.title = title.map(|word| word.parse().unwrap());
            profile.office = office.map(|word| word.parse().unwrap());
            profile.department = department.map(|word| word.parse().unwrap());
            profile.emails = mail.map(|word| format!("{word}@example.org").parse().unwrap()).into_iter().collect();
            let phone = |number: &str| LabelledPhone {
                kind: PhoneKind::Work,
                number: format!("{number} 00 00").parse().unwrap(),
            };
            profile.phones = phones.into_iter().map(phone).collect();
            profile
        },
    )
}

fn field() -> impl Strategy<Value = ProfileField> {
    prop::sample::select(ProfileField::ALL.to_vec())
}

fn owners() -> impl Strategy<Value = Owners> {
    let owner = prop::sample::select(Owner::ALL.to_vec());
    prop::collection::vec((field(), owner), 0..12).prop_map(|pairs| {
        pairs
            .into_iter()
            .fold(Owners::default(), |owners, (field, owner)| owners.clone().with(field, owner).unwrap_or(owners))
    })
}

fn entered() -> impl Strategy<Value = Entered> {
    (profile(), prop::collection::vec(field(), 0..4)).prop_map(|(profile, fields)| {
        let mut entered = Entered::default();
        for field in fields {
            entered.enter(profile.value(field), None);
        }
        entered
    })
}

fn made(said: &Profile, owners: &Owners) -> Made {
    let shown = compose(said, None, &Entered::default(), owners);
    Made { shown, entered: Entered::default(), origin: None }.told(said, owners, "siege")
}

proptest! {
    #[test]
    fn composing_again_changes_nothing(said in profile(), shown in profile(), entered in entered(), owners in owners()) {
        for shown in [None, Some(&shown)] {
            let once = compose(&said, shown, &entered, &owners);
            prop_assert_eq!(&compose(&said, Some(&once), &entered, &owners), &once);
        }
    }

    #[test]
    fn what_was_entered_outlives_every_order_of_updates(
        first in profile(), updates in prop::collection::vec((profile(), owners()), 0..8),
        typed in profile(), field in field(), plan in owners(),
    ) {
        let mut person = made(&first, &plan);
        person.enter(vec![typed.value(field)]);
        for (said, owners) in &updates {
            person = person.told(said, owners, "siege");
            prop_assert_eq!(person.shown.value(field), typed.value(field));
            prop_assert_eq!(&person.entered.of(field).unwrap().value, &typed.value(field));
        }
    }

    #[test]
    fn once_is_once_and_own_is_never(
        first in profile(), updates in prop::collection::vec(profile(), 0..8), owners in owners(),
    ) {
        let mut person = made(&first, &owners);
        for said in &updates {
            person = person.told(said, &owners, "siege");
            for field in ProfileField::ALL {
                let shown = person.shown.value(field);
                match owners.of(field) {
                    Owner::Directory | Owner::Written => prop_assert_eq!(shown, said.value(field)),
                    Owner::Once => prop_assert_eq!(shown, first.value(field)),
                    Owner::Own => prop_assert!(shown.is_empty()),
                }
            }
        }
    }

    #[test]
    fn a_conflict_is_the_directorys_and_ends_by_either_word(
        first in profile(), said in profile(), typed in profile(), field in field(), owners in owners(),
    ) {
        let mut person = made(&first, &owners);
        person.enter(vec![typed.value(field)]);
        prop_assert!(person.conflicts().is_empty(), "who enters a value has seen what the directory says");
        let person = person.told(&said, &owners, "siege");
        let new = said.value(field);
        let expected = owners.of(field).is_directorys()
            && !new.is_empty() && new != typed.value(field) && new != first.value(field);
        prop_assert_eq!(person.conflicts().iter().any(|conflict| conflict.field == field), expected);
        if expected {
            let mut kept = person.clone();
            prop_assert!(kept.settle(field, Settlement::Keep));
            prop_assert!(kept.conflicts().is_empty());
            prop_assert_eq!(&kept.shown, &person.shown);
            prop_assert!(kept.told(&said, &owners, "siege").conflicts().is_empty());
            let mut taken = person.clone();
            prop_assert!(taken.settle(field, Settlement::TakeDirectory));
            prop_assert_eq!(taken.shown.value(field), new);
            prop_assert!(taken.entered.is_empty() && taken.conflicts().is_empty());
        }
    }

    #[test]
    fn given_back_is_as_if_never_entered(
        first in profile(), typed in profile(), field in field(), owners in owners(),
    ) {
        let before = made(&first, &owners);
        let mut person = before.clone();
        person.enter(vec![typed.value(field)]);
        prop_assert!(person.give_back(field));
        prop_assert!(!person.give_back(field), "there is nothing left to give back");
        // a name that is shown stays, and is the directory's again
        prop_assert_eq!(person, before);
    }

    #[test]
    fn what_is_stored_is_read_back(entered in entered(), owners in owners()) {
        let text = serde_json::to_string(&entered).unwrap();
        prop_assert_eq!(serde_json::from_str::<Entered>(&text).unwrap(), entered);
        let text = serde_json::to_string(&owners).unwrap();
        prop_assert_eq!(serde_json::from_str::<Owners>(&text).unwrap(), owners);
    }

    #[test]
    fn a_form_sent_as_it_was_changes_nothing(profile in profile()) {
        let form = ProfileForm::of(&profile);
        let all = ProfileField::ALL.into_iter().collect();
        let mut again = profile.clone();
        form.parse(&all, Numbers::of(&profile, None)).unwrap().into_iter().for_each(|value| again.put(value));
        prop_assert_eq!(again, profile);
        let mut sent = ProfileForm::default();
        sent.fill(&form.inputs()).unwrap();
        prop_assert_eq!(sent, form);
    }

    #[test]
    fn owners_make_another_fingerprint(one in owners(), other in owners()) {
        let print = Fingerprint::from_stored("f".to_owned());
        prop_assert_eq!(one.mark(print.clone()) == other.mark(print), one == other);
    }
}

#[test]
fn a_name_is_never_the_employees_alone() {
    assert_eq!(Owners::default().with(ProfileField::Name, Owner::Own), None);
    assert!(Owners::default().with(ProfileField::Name, Owner::Once).is_some());
    let print = Fingerprint::from_stored("f".to_owned());
    assert_eq!(Owners::default().mark(print.clone()), print);
}

#[test]
fn every_problem_is_told_at_its_input() {
    let mut form = ProfileForm::of(&bare("Ada"));
    let inputs = [
        ("name", " "),
        ("title", "a\u{202e}b"),
        ("phone.0", "call me"),
        ("phone.1", "+33 1 00 00"),
        ("phone.3", "+33 1 40 20 50 50"),
        ("phone-kind.3", "mobile"),
        ("email.0", ""),
        ("email.1", "ada"),
        ("link.0", ""),
        ("link-label.0", "Book"),
        ("language", "de"),
    ];
    let inputs: Inputs = inputs.iter().map(|(input, text)| ((*input).to_owned(), (*text).to_owned())).collect();
    let fields = form.fill(&inputs).unwrap();
    let ProfileProblems(problems) = form.parse(&fields, Numbers::of(&bare("Ada"), None)).unwrap_err();
    let text = |problem| InputProblem::Text(problem);
    let expected = [
        ("email.1", text(TextProblem::NoAt)),
        ("language", InputProblem::Language),
        ("link.0", text(TextProblem::Empty)),
        ("name", text(TextProblem::Empty)),
        ("phone.0", text(TextProblem::NotAPhone)),
        ("phone.1", text(TextProblem::ImpossiblePhone)),
        ("title", text(TextProblem::Control)),
    ];
    assert_eq!(problems.into_iter().collect::<Vec<_>>(), expected.map(|(input, why)| (input.to_owned(), why)));
    // the rows stand as they were typed, in their order
    let rows =
        [(PhoneKind::Work, "call me"), (PhoneKind::Work, "+33 1 00 00"), (PhoneKind::Mobile, "+33 1 40 20 50 50")];
    assert_eq!(form.phones, rows.map(|(kind, number)| (kind, number.to_owned())));
    for unknown in ["salary", "phone.99", "title.0", "photo"] {
        let refused = form.fill(&vec![(unknown.to_owned(), String::new())]).unwrap_err().to_string();
        assert!(refused.contains(unknown) && refused.contains("work-phone"), "{refused}");
    }
}

#[test]
fn the_command_line_names_lists_by_their_kind() {
    let mut profile = bare("Ada");
    let phone = |kind, number: &str| LabelledPhone { kind, number: number.parse().unwrap() };
    profile.phones = vec![phone(PhoneKind::Work, "+33 1 00 00"), phone(PhoneKind::Mobile, "+33 6 00 00")];
    let mut form = ProfileForm::of(&profile);
    let pair = |input: &str, text: &str| (input.to_owned(), text.to_owned());
    let inputs = vec![
        pair("work-phone", "+33 2 40 00 00 01"),
        pair("work-phone", "+33 3 20 00 00 01"),
        pair("link", "https://a.example/ A page"),
        pair("email", ""),
    ];
    let fields = form.fill(&inputs).unwrap();
    let values = form.parse(&fields, Numbers::of(&profile, None)).unwrap();
    for value in values {
        profile.put(value);
    }
    assert_eq!(profile.readable(ProfileField::Phones), "+33 2 40 00 00 01, +33 3 20 00 00 01, +33 6 00 00");
    assert_eq!(profile.links[0].label.as_ref().unwrap().as_str(), "A page");
    assert!(profile.emails.is_empty());
}
