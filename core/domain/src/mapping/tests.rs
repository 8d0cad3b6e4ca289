//! What the rules give, and that no bag of attributes breaks them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::plugin::{AttributeValue, SourcePhoto};
use crate::text::Link;

fn person(attributes: &[(&str, &[&str])]) -> SourcePerson {
    let value = |texts: &[&str]| match texts {
        [one] => AttributeValue::Text((*one).to_owned()),
        many => AttributeValue::Texts(many.iter().map(ToString::to_string).collect()),
    };
    let attributes = attributes.iter().map(|(name, texts)| ((*name).to_owned(), value(texts))).collect();
    SourcePerson {
        external_id: "1".into(),
        active: true,
        attributes,
        photo: SourcePhoto::None,
        position: None,
        handles: Vec::new(),
        withheld: Vec::new(),
    }
}

fn mapping(rules: &[(Target, &str)]) -> Mapping {
    let rules = rules.iter().map(|(target, text)| (*target, text.parse().unwrap())).collect();
    Mapping { rules, country: None }
}

/// What an expression gives for the title of somebody.
fn title(expression: &str) -> String {
    let zoe = person(&[
        ("cn", &["LEFÈVRE Zoé (Toulouse)"]),
        ("givenName", &["Zoé"]),
        ("SN", &["Lefèvre", "Lefèvre-Núñez"]),
        ("employeeType", &["Chef de projet - Agence 12"]),
        ("msDS-cloudExtensionAttribute1", &["Directrice"]),
        ("mail", &["zoe@banque.example"]),
    ]);
    let mapped = mapping(&[(Target::Emails, "mail"), (Target::Title, expression)]).apply(&zoe).unwrap();
    let left_out = mapped.left_out.join("; ");
    mapped.profile.title.map_or(left_out, |title| title.to_string())
}

#[test]
fn expressions_say_what_a_field_holds() {
    for (expression, expected) in [
        ("SURNAME or sn", "Lefèvre"),
        ("sn|upper", "LEFÈVRE"),
        ("SN | lower", "lefèvre"),
        ("all.sn|join(' / ')", "Lefèvre / Lefèvre-Núñez"),
        ("all.sn|last", "Lefèvre-Núñez"),
        ("all['SN'][1]", "Lefèvre-Núñez"),
        ("[givenName, middleName, sn]|join(' ')", "Zoé Lefèvre"),
        ("[city, title]|join(', ')", ""),
        ("givenName ~ ' ' ~ sn", "Zoé Lefèvre"),
        ("attr['msDS-cloudExtensionAttribute1']", "Directrice"),
        ("attr['MSDS-CLOUDEXTENSIONATTRIBUTE1']|upper", "DIRECTRICE"),
        ("msDS-cloudExtensionAttribute1", "Directrice"),
        ("department or msds-CLOUDextensionAttribute1", "Directrice"),
        (r#"cn|match("\((.+)\)")"#, "Toulouse"),
        (r#"cn|match("\\((.+)\\)")"#, "Toulouse"),
        (r#"employeeType|match("\d+")"#, "12"),
        (r#"employeeType|match("\bChef\b")"#, "Chef"),
        (r#"employeeType|match("[xyz]{9}") or "rien""#, "rien"),
        (r#"employeeType|replace_regex(" - Agence (\d+)$", " (agence $1)")"#, "Chef de projet (agence 12)"),
        ("employeeType|replace(' - Agence', ',')", "Chef de projet, 12"),
        ("employeeType|split('-')|first|upper", "CHEF DE PROJET"),
        ("'JEAN-PIERRE  d’arc'|title_case", "Jean-Pierre D’Arc"),
        ("'manager' if sn == 'Lefèvre' else 'other'", "manager"),
        ("all.missing[0]", ""),
        ("'Directrice' if 'banque' in mail", "Directrice"),
        ("none", ""),
        ("12", "12"),
        ("true", ""),
    ] {
        assert_eq!(title(expression), expected, "{expression}");
    }
}

#[test]
fn what_is_wrong_with_an_expression_is_said_before_a_run() {
    for (expression, expected) in [
        ("  ", "it is empty"),
        ("'open", "a quotation mark is opened and not closed"),
        ("sn|uper", "there is no filter \"uper\"; there are: first, join, last"),
        ("sn|", "it cannot be read: unexpected end of input"),
        ("displayName cn", "it cannot be read: unexpected input"),
        ("[sn", "it cannot be read: "),
        ("range(9)", "\"range\" has no place"),
        ("sn is defined", "\"is\" has no place"),
        ("sn * 9", "\"*\" has no place"),
        ("{{ sn }}", "\"{\" has no place"),
        ("msDS-x|upper", "\"msDS-x\" has to be written attr[\"msDS-x\"]"),
        ("name.givenName|upper", "\"name.givenName\" has to be written attr[\"name.givenName\"]"),
        ("Département|upper", "\"Département\" has to be written attr["),
        ("cn|match(sn)", "the pattern of match has to stand there as a text in quotes"),
        ("cn|match", "the pattern of match has to"),
        ("cn|match('(')", "the pattern \"(\" cannot be used: unclosed group"),
        (r"cn|match('\w{99}{99}{99}')", "cannot be used: Compiled regex exceeds size limit"),
        ("mail or", "it cannot be read"),
    ] {
        let said = expression.parse::<Rule>().unwrap_err().to_string();
        assert!(said.contains(expected), "{expression}: {said}");
    }
    let long = "x".repeat(Rule::MAX + 1).parse::<Rule>().unwrap_err();
    assert_eq!(long, RuleProblem::TooLong(Rule::MAX));
}

#[test]
fn an_expression_that_fails_leaves_its_field_out() {
    assert_eq!(title("sn + 1"), "title: tried to use + operator on unsupported types string and number");
    assert_eq!(title("sn|split(1)"), "title: value is not a string");
    // too much of everything, for one person: the run goes on
    let long = "a".repeat(4000);
    let somebody = person(&[("cn", &["Zoé"]), ("x", &[long.as_str()])]);
    let grows = "[x,x,x,x,x,x,x,x,x]|join(x)";
    let mapped = mapping(&[(Target::Name, "cn"), (Target::Title, grows)]).apply(&somebody).unwrap();
    assert_eq!(mapped.left_out, ["title: the text grows longer than a value may be"]);
    let grows = "x|replace('a', x)";
    let mapped = mapping(&[(Target::Name, "cn"), (Target::Title, grows)]).apply(&somebody).unwrap();
    assert_eq!(mapped.left_out, ["title: the text grows longer than a value may be"]);
    let burns = vec!["x|upper|lower"; 20].join(" ~ ");
    let mapped = mapping(&[(Target::Name, "cn"), (Target::Title, &burns)]).apply(&somebody).unwrap();
    assert_eq!(mapped.left_out.len(), 1, "{mapped:?}");
}

#[test]
fn fields_of_several_values_take_all_of_them() {
    let zoe = person(&[
        ("cn", &["Zoé"]),
        ("mail", &["zoe@banque.example", "no address"]),
        ("proxyAddresses", &["SMTP:zoe@banque.example", "smtp:z.lefevre@banque.example", "x500:/o=x"]),
        ("otherTelephone", &["0561004218", "4218"]),
        ("telephoneNumber", &["05 61 00 42 17"]),
    ]);
    let mut mapping = mapping(&[
        (Target::Name, "cn"),
        (Target::Emails, r#"[mail, all.proxyAddresses|match("(?i)^smtp:(.+)")|last]"#),
        (Target::PhoneWork, "telephoneNumber or otherTelephone"),
    ]);
    mapping.country = "FR".parse().ok();
    let mapped = mapping.apply(&zoe).unwrap();
    assert_eq!(Target::PhoneWork.shown(&mapped.profile), "+33 5 61 00 42 17, +33 5 61 00 42 18, 4218");
    assert_eq!(Target::Emails.shown(&mapped.profile), "zoe@banque.example");
    mapping.rules.insert(Target::Emails, r#"all.proxyAddresses|match("(?i)^smtp:(.+)")"#.parse().unwrap());
    let mapped = mapping.apply(&zoe).unwrap();
    assert_eq!(Target::Emails.shown(&mapped.profile), "zoe@banque.example, z.lefevre@banque.example");
    assert!(mapped.left_out.is_empty(), "{mapped:?}");
    mapping.rules.insert(Target::Emails, "mail".parse().unwrap());
    assert_eq!(mapping.apply(&zoe).unwrap().left_out, ["mail: there is no @ in it"]);
}

#[test]
fn presets_are_read_whole() {
    for preset in Preset::ALL {
        assert_eq!(preset.mapping().rules.len(), preset.rules.len(), "{}", preset.id);
        assert_eq!(Preset::like(&preset.mapping()), Some(preset));
        // only names: no interpreter runs for them
        assert!(preset.rules.iter().all(|(_, text)| !text.contains(['|', '[', '(', '"'])), "{}", preset.id);
    }
    assert_eq!(Mapping::standard().rules.len(), Target::ALL.len());
}

#[test]
fn a_change_says_all_that_is_wrong_with_it() {
    let set = |pairs: &[(&str, &str)]| MappingChange {
        set: pairs.iter().map(|(target, text)| ((*target).to_owned(), (*text).to_owned())).collect(),
        ..MappingChange::default()
    };
    let standard = Mapping::standard();
    let changed = standard.changed(&set(&[("title", " sn|upper "), ("office", "")])).unwrap();
    assert_eq!(changed.rules[&Target::Title].as_str(), "sn|upper");
    assert_eq!(changed.differing(standard), [Target::Title, Target::Office].into());
    let back =
        MappingChange { preset: Some("standard".into()), country: Some("fr".into()), ..MappingChange::default() };
    let back = changed.changed(&back).unwrap();
    assert_eq!((back.rules == standard.rules, back.country), (true, "FR".parse().ok()));
    let wrong = MappingChange {
        preset: Some("x".into()),
        country: Some("UK".into()),
        ..set(&[("titel", "cn"), ("title", "sn|x"), ("links", "'")])
    };
    let said: Vec<_> = standard.changed(&wrong).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 5, "{said:?}");
    assert!(said.iter().any(|said| said.starts_with("title: \"sn|x\": there is no filter \"x\"")), "{said:?}");
    assert!(said.iter().any(|said| said.contains("there are: standard, active-directory, openldap, freeipa")));
    let nobody = set(&[("name", ""), ("given-name", ""), ("family-name", ""), ("emails", " ")]);
    assert_eq!(standard.changed(&nobody), Err(vec![MappingProblem::Nameless]));
    // as it is stored
    let stored = serde_json::to_string(&changed).unwrap();
    assert!(stored.contains(r#""phone.work":"telephoneNumber or phoneNumbers.work""#), "{stored}");
    assert_eq!(serde_json::from_str::<Mapping>(&stored).unwrap(), changed);
    assert!(serde_json::from_str::<Mapping>(r#"{"rules":{"title":"sn|x"}}"#).is_err());
}

#[test]
fn who_has_no_name_is_nobody() {
    let nobody = |attributes: &[(&str, &[&str])]| Mapping::standard().apply(&person(attributes)).unwrap_err();
    assert_eq!(nobody(&[("title", &["svc"])]), NotAPerson::NoNameNoMail);
    assert_eq!(nobody(&[("cn", &["a\u{202e}b"])]), NotAPerson::BadName);
    assert_eq!(nobody(&[("title", &["\u{202e}"])]), NotAPerson::NoNameNoMail);
    let mapped = Mapping::standard().apply(&person(&[("cn", &["a\u{202e}b"]), ("sn", &["Núñez"])])).unwrap();
    assert_eq!(
        (mapped.profile.display_name.as_str(), mapped.left_out),
        ("Núñez", vec!["cn: it contains control characters".to_owned()])
    );
    let long = person(&[("cn", &["Zoé"]), ("title", &["x".repeat(201).as_str()])]);
    let long = Mapping::standard().apply(&long).unwrap();
    assert_eq!(long.left_out, ["title: longer than 200 characters"]);
    // fields that nobody granted, of which the language alone gives no name
    let mut stripped = person(&[("title", &["svc"])]);
    stripped.withheld = ["preferredLanguage", "sn", "Mail"].map(str::to_owned).into();
    let why = Mapping::standard().apply(&stripped).unwrap_err();
    assert_eq!(why.missing_grants(), ["field read sn", "field read Mail"]);
    stripped.withheld.truncate(1);
    assert_eq!(Mapping::standard().apply(&stripped), Err(NotAPerson::NoNameNoMail));
    let mut unnamed = person(&[("cn", &["a"])]);
    unnamed.external_id = String::new();
    assert_eq!(Mapping::standard().apply(&unnamed), Err(NotAPerson::BadIdentity));
}

#[test]
fn names_too_long_for_one_line_still_name_somebody() {
    let family = "a".repeat(198);
    let mapped = Mapping::standard().apply(&person(&[("sn", &[&family]), ("givenName", &["Zoé"])])).unwrap();
    assert_eq!(mapped.profile.display_name.as_str(), family);
}

/// The mapping by fixed names that stood before there were rules: the standard one must give
/// the same.
fn by_fixed_names(source: &SourcePerson) -> (BTreeMap<Target, String>, Vec<String>) {
    let mut left_out = BTreeSet::new();
    let texts = |names: &[&'static str]| {
        let mut found: Vec<(&'static str, String)> = Vec::new();
        for &name in names {
            for (key, value) in &source.attributes {
                if key.eq_ignore_ascii_case(name) {
                    match value {
                        AttributeValue::Text(text) => found.push((name, text.clone())),
                        AttributeValue::Texts(texts) => found.extend(texts.iter().map(|text| (name, text.clone()))),
                        AttributeValue::Number(n) => found.push((name, n.to_string())),
                        AttributeValue::Flag(_) => {}
                    }
                }
            }
        }
        found.retain(|(_, text)| !text.trim().is_empty());
        found.truncate(64);
        found
    };
    let mut first = |names: &[&'static str]| {
        for (name, text) in texts(names) {
            match text.parse::<Line>() {
                Ok(line) => return line.to_string(),
                Err(_) => left_out.insert(name.to_owned()),
            };
        }
        String::new()
    };
    let mut fields = BTreeMap::new();
    for (target, names) in [
        (Target::GivenName, &["givenName", "name.givenName"][..]),
        (Target::FamilyName, &["sn", "surname", "name.familyName"]),
        (Target::Name, &["displayName", "cn"]),
        (Target::Title, &["title"]),
        (Target::Organisation, &["o", "organizationName", "organization", "company"]),
        (Target::Department, &["department", "ou", "departmentNumber"]),
        (Target::Office, &["physicalDeliveryOfficeName", "office"]),
        (Target::Street, &["street", "streetAddress"]),
        (Target::City, &["l", "localityName", "locality"]),
        (Target::Country, &["co", "friendlyCountryName", "c", "countryName", "country"]),
    ] {
        fields.insert(target, first(names));
    }
    let mut list = |names: &[&'static str], read: fn(&str) -> Option<String>| {
        let mut values: Vec<String> = Vec::new();
        for (name, text) in texts(names) {
            match read(&text) {
                Some(value) if values.contains(&value) => {}
                Some(value) if values.len() < 8 => values.push(value),
                Some(_) | None => {
                    left_out.insert(name.to_owned());
                }
            }
        }
        values.join(", ")
    };
    fields.insert(
        Target::Emails,
        list(&["mail", "email", "emails", "rfc822Mailbox"], |text| Some(text.parse::<Email>().ok()?.to_string())),
    );
    let number = |text: &str| Some(text.parse::<crate::text::Phone>().ok()?.to_string());
    fields.insert(Target::PhoneWork, list(&["telephoneNumber", "phoneNumbers.work"], number));
    fields.insert(
        Target::Links,
        list(&["labeledURI", "wWWHomePage", "profileUrl"], |text| {
            Some(text.split_whitespace().next()?.parse::<Link>().ok()?.to_string())
        }),
    );
    (fields, left_out.into_iter().collect())
}

fn bags() -> impl Strategy<Value = Vec<(String, AttributeValue)>> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "displayName",
            "CN",
            "givenname",
            "sn",
            "surname",
            "title",
            "o",
            "company",
            "ou",
            "department",
            "office",
            "mail",
            "email",
            "telephoneNumber",
            "TELEPHONENUMBER",
            "labeledURI",
            "street",
            "streetAddress",
            "l",
            "co",
            "c",
            "x-y",
        ])
        .prop_map(ToOwned::to_owned),
        "\\PC{0,12}",
    ];
    let text = prop_oneof![
        "\\PC{0,20}",
        "[ 0-9().-]{0,12}",
        "[a-z]{1,5}@[a-z]{1,5}\\.fr",
        "https://[a-z]{1,5}\\.fr( [a-z]{1,5})?",
        "[a\u{202e}\u{0}\n ]{0,4}",
        "a{190,210}",
    ];
    let value = prop_oneof![
        text.clone().prop_map(AttributeValue::Text),
        prop::collection::vec(text, 0..12).prop_map(AttributeValue::Texts),
        any::<i64>().prop_map(AttributeValue::Number),
        any::<bool>().prop_map(AttributeValue::Flag),
    ];
    prop::collection::vec((name, value), 0..16)
}

proptest! {
    #[test]
    fn the_standard_mapping_is_what_it_was(attributes in bags()) {
        let source = SourcePerson { external_id: "1".into(), active: true, attributes, photo: SourcePhoto::None, position: None, handles: Vec::new(), withheld: Vec::new() };
        let (expected, left_out) = by_fixed_names(&source);
        let Ok(mapped) = Mapping::standard().apply(&source) else {
            let named = [Target::Name, Target::GivenName, Target::FamilyName, Target::Emails];
            prop_assert!(named.iter().all(|target| expected[target].is_empty()));
            return Ok(());
        };
        for (target, expected) in expected {
            if target != Target::Name || !expected.is_empty() {
                prop_assert_eq!(target.shown(&mapped.profile), expected, "{}", target);
            }
        }
        let names = mapped.left_out.iter().map(|left| left.split_once(": ").unwrap().0.to_owned());
        prop_assert_eq!(names.collect::<Vec<_>>(), left_out);
    }

    #[test]
    fn no_bag_breaks_a_mapping(attributes in bags(), which in 0usize..8) {
        let source = SourcePerson { external_id: "1".into(), active: true, attributes, photo: SourcePhoto::None, position: None, handles: Vec::new(), withheld: Vec::new() };
        let expression = [
            "all.displayName|join('-')|title_case",
            "[givenName, sn]|join(' ') or mail",
            r#"cn|replace_regex("(.)", "$1$1$1")"#,
            "attr['x-y'][0:5] ~ title",
            r#"all.mail|match("@(.*)$")"#,
            "o in ou or c > co",
            "title|split(o)|last|replace(l, street)",
            "-l + c",
        ][which];
        let rules = Target::ALL.into_iter().map(|target| (target, expression.parse().unwrap())).collect();
        let mapping = Mapping { rules, country: "FR".parse().ok() };
        if let Ok(mapped) = mapping.apply(&source) {
            prop_assert!(mapped.profile.emails.len() <= 8 && mapped.profile.phones.len() <= 16);
        }
    }

    #[test]
    fn no_expression_breaks_its_parser(text in "(\\PC|[a-z|.'\"()\\[\\]~ \\\\-]){0,60}") {
        if let Ok(rule) = text.parse::<Rule>() {
            let mapping = Mapping { rules: [(Target::Name, rule.clone())].into(), country: None };
            let _ = mapping.apply(&person(&[("cn", &["Zoé"])]));
            prop_assert_eq!(rule.as_str().parse::<Rule>(), Ok(rule));
        }
    }
}

#[test]
fn a_mapping_looks_at_the_attributes_that_it_names_and_at_no_texts() {
    let of = |expression: &str| {
        let set = BTreeMap::from([("title".to_owned(), expression.to_owned())]);
        let change = MappingChange { set, ..MappingChange::default() };
        Mapping { rules: BTreeMap::new(), country: None }.changed(&change)
    };
    let attributes = |expression: &str| {
        let rule: Rule = expression.parse().unwrap();
        Mapping { rules: BTreeMap::from([(Target::Title, rule)]), country: None }
            .attributes()
            .into_iter()
            .collect::<Vec<_>>()
    };
    for (expression, expected) in [
        ("title or extensionAttribute3", &["extensionattribute3", "title"][..]),
        ("'manager' if sn == \"homePhone\" else title|replace('secretary', 'x')", &["sn", "title"]),
        ("attr[\"msDS-x\"]|lower", &["msds-x"]),
        ("all['otherMobile']|join(', ')", &["othermobile"]),
        ("all.mail|last", &["mail"]),
    ] {
        assert_eq!(attributes(expression), expected, "{expression}");
    }
    for secret in ["userPassword", "cn or unicodePwd", "attr[\"ms-Mcs-AdmPwd\"]|upper"] {
        let problems = of(secret).unwrap_err();
        assert!(
            problems.iter().any(|p| matches!(p, MappingProblem::Rule { problem: RuleProblem::Secret(_), .. })),
            "{problems:?}"
        );
        // what is stored by an older version stays readable
        assert!(secret.parse::<Rule>().is_ok());
    }
}
