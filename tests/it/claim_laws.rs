//! Laws of claims: any value behind a `print` is held with any remark, and broken with one character changed.
//!
//! The whole way from the document to the verdict, but for Python: what it would print is simulated.

use proptest::prelude::*;
use snipcheck::claim::value;
use snipcheck::compare::{self, ClaimVerdict, JudgedClaim};
use snipcheck::document::Document;
use snipcheck::observation::{Emission, Ending, Observation, Stream};
use snipcheck::plan::{self, Options};
use snipcheck::text::LineNumber;

/// What people put between a value and a remark about it.
const SEPARATORS: [&str; 10] = [
    " — ", " – ", " - ", ", ", "; ", ": ", "   ", " <- ", " ← ", "  # ",
];

/// Remarks about any value.
const REMARKS: [&str; 8] = [
    "one object",
    "because both names are bound to it",
    "так как список общий",
    "see below",
    "не копия!",
    "the same as above",
    "новый объект",
    "that's it",
];

/// What `repr` shows of some value.
fn shown_value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        any::<i32>().prop_map(|number| number.to_string()),
        (-9999i32..9999).prop_map(|number| format!("{}.5", number)),
        Just("True".to_owned()),
        Just("False".to_owned()),
        Just("None".to_owned()),
        "[a-zа-я_ ]{1,8}".prop_map(|text| format!("'{text}'")),
        "[a-z]{1,5}".prop_map(|text| format!("b'{text}'")),
    ];
    scalar.prop_recursive(3, 12, 4, |inner| {
        let items = prop::collection::vec(inner.clone(), 1..4);
        let keys = prop::collection::btree_map("[a-z]{1,4}", inner, 1..4);
        prop_oneof![
            items
                .clone()
                .prop_map(|items| format!("[{}]", items.join(", "))),
            items.clone().prop_map(|items| match items.as_slice() {
                [only] => format!("({only},)"),
                _ => format!("({})", items.join(", ")),
            }),
            items.prop_map(|items| format!("deque([{}])", items.join(", "))),
            keys.prop_map(|pairs| {
                let pairs = pairs.iter().map(|(key, value)| format!("'{key}': {value}"));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
            }),
        ]
    })
}

/// The verdict on `print(v)  # COMMENT` where Python prints `shown`.
fn judged(comment: &str, shown: &str) -> Option<JudgedClaim> {
    let text = format!("```python\nprint(v)  # {comment}\n```\n");
    let plan = plan::plan(Document::new("law.md", text), &Options::default());
    let case = plan.cases.first().expect("the document has a block");
    let line = LineNumber::new(2);
    let observation = Observation {
        ending: Ending::Finished,
        emissions: vec![Emission {
            stream: Stream::Stdout,
            line: Some(line),
            statement: Some(line),
            text: format!("{shown}\n"),
        }],
        reached: vec![line],
        ..Observation::not_run()
    };
    compare::compare(case, &observation).claims.pop()
}

/// The text with the letter or digit at one place replaced by another of its kind.
fn changed(text: &str, place: prop::sample::Index) -> String {
    let places: Vec<(usize, char)> = text
        .char_indices()
        .filter(|(_, c)| c.is_alphanumeric())
        .collect();
    if places.is_empty() {
        return text.to_owned();
    }
    let (at, old) = places[place.index(places.len())];
    let new = match old {
        '0'..='8' => char::from_u32(old as u32 + 1).unwrap_or('9'),
        '9' => '8',
        'x' => 'y',
        'ж' => 'ш',
        c if c.is_ascii() => 'x',
        _ => 'ж',
    };
    format!("{}{new}{}", &text[..at], &text[at + old.len_utf8()..])
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_printed_is_held_with_any_remark(
        shown in shown_value(),
        separator in prop::sample::select(&SEPARATORS),
        remark in prop::sample::select(&REMARKS),
    ) {
        for comment in [shown.clone(), format!("{shown}{separator}{remark}"), format!("=> {shown}")] {
            let verdict = judged(&comment, &shown).map(|judged| judged.verdict);
            prop_assert_eq!(verdict, Some(ClaimVerdict::Held), "{}", comment);
        }
    }

    #[test]
    fn a_string_is_held_for_the_text_that_it_is(
        text in "[a-zа-я]{1,6}( [a-zа-я]{1,6}){0,3}",
        separator in prop::sample::select(&SEPARATORS),
        remark in prop::sample::select(&REMARKS),
    ) {
        let comment = format!("'{text}'{separator}{remark}");
        let verdict = judged(&comment, &text).map(|judged| judged.verdict);
        prop_assert_eq!(verdict, Some(ClaimVerdict::Held), "{}", comment);
    }

    #[test]
    fn one_character_changed_is_broken(
        shown in shown_value(),
        place in any::<prop::sample::Index>(),
        separator in prop::sample::select(&SEPARATORS),
        remark in prop::sample::select(&REMARKS),
    ) {
        let other = changed(&shown, place);
        // `Nxne` is no value: what nothing marks as one is a note, and never held.
        let names = |text: &str| -> usize {
            let names = ["True", "False", "None", "deque", "b'"];
            names.iter().map(|name| text.matches(name).count()).sum()
        };
        let is_value = value::whole(&other).is_some() && names(&other) == names(&shown);
        for comment in [other.clone(), format!("{other}{separator}{remark}")] {
            let verdict = judged(&comment, &shown).map(|judged| judged.verdict);
            if is_value && other != shown {
                prop_assert_eq!(verdict, Some(ClaimVerdict::Broken), "{} for {}", comment, shown);
            } else if other != shown {
                prop_assert_ne!(verdict, Some(ClaimVerdict::Held), "{} for {}", comment, shown);
            }
        }
    }
}
