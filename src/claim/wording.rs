//! The words and signs around values: signs, lead words, separators, in the languages people write notes in.
//!
//! Pure text: in goes a comment's text, out comes how much of its start is a mark that says "what
//! follows is output". Whether the rest is a value is for [`super::reading`].

/// How plainly a comment marks its text as output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// Not at all.
    None,
    /// By a word alone, such as `prints 5`: prose may follow as well.
    Soft,
    /// By a sign that often stands before remarks as well, such as `-> 5` or `= 5`.
    Arrow,
    /// By a lead word with a separator, such as `Output: 5`.
    Lead,
    /// By a sign for output, such as `=> 5`.
    Sign,
    /// By `#>`, which nobody writes for anything else.
    Quote,
}

/// A mark at the start of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marked {
    /// How plain it is.
    pub mark: Mark,
    /// Offset of the lead word, if there is one.
    pub lead: Option<usize>,
    /// Offset of the words between brackets behind the lead word: `Output (Python 2):`.
    pub aside: Option<(usize, usize)>,
    /// Offset of the text behind the mark.
    pub rest: usize,
}

/// Words that may stand before or after a lead word without changing what it means.
const FILLERS: &[&str] = &[
    "it",
    "this",
    "that",
    "the",
    "will",
    "would",
    "should",
    "code",
    "now",
    "here",
    "we",
    "be",
    "is",
    "to",
    "of",
    "statement",
    "program",
    "above",
    "это",
    "этот",
    "код",
    "здесь",
    "тут",
    "теперь",
    "сейчас",
    "мы",
    "на",
    "экран",
    "экране",
    "в",
    "консоль",
    "консоли",
    "выполнения",
    "работы",
    "программы",
    "ce",
    "code",
];

/// Nouns that announce output.
const NOUNS: &[&str] = &[
    "output",
    "result",
    "results",
    "out",
    "stdout",
    "expected",
    "actual",
    "answer",
    "вывод",
    "результат",
    "ответ",
    "фактически",
    "ожидается",
    "вивід",
    "sortie",
    "résultat",
    "resultat",
    "salida",
    "resultado",
    "saída",
    "ausgabe",
    "ergebnis",
    "risultato",
    "natija",
    "wynik",
    "sonuç",
    "çıktı",
    "výstup",
    "výsledek",
    "hasil",
    "keluaran",
    "нәтиже",
];

/// Verbs that announce output.
const VERBS: &[&str] = &[
    "prints",
    "print",
    "outputs",
    "returns",
    "gives",
    "yields",
    "produces",
    "shows",
    "displays",
    "evaluates",
    "equals",
    "becomes",
    "будет",
    "выведет",
    "выводит",
    "выведут",
    "выводится",
    "выведется",
    "вернёт",
    "вернет",
    "возвращает",
    "напечатает",
    "печатает",
    "получим",
    "получится",
    "получаем",
    "даст",
    "дает",
    "даёт",
    "покажет",
    "равно",
    "равен",
    "виведе",
    "поверне",
    "affiche",
    "affichera",
    "renvoie",
    "retourne",
    "donne",
    "imprime",
    "muestra",
    "devuelve",
    "ergibt",
];

/// Verbs that tell of printing and of nothing else.
const PRINTING: &[&str] = &[
    "prints",
    "outputs",
    "displays",
    "выведет",
    "выводит",
    "напечатает",
    "печатает",
    "виведе",
    "виводить",
    "affiche",
    "imprime",
    "muestra",
];

/// Nouns that announce a value if one follows behind a colon.
const VALUES: &[&str] = &["value", "значение", "значення", "valeur", "valor", "wert"];

/// Chinese, Japanese and Korean leads, which no space ends; longest first.
const UNSPACED: &[&str] = &[
    "実行結果",
    "出力結果",
    "运行结果",
    "输出结果",
    "输出为",
    "结果为",
    "输出",
    "结果",
    "打印",
    "返回",
    "出力",
    "結果",
    "출력",
    "결과",
];

/// Signs that announce output; longest first.
const SIGNS: &[&str] = &[
    "--->", "==>", "-->", ">>>", "=>", "->", "→", "⇒", "➜", "➡", "➔", "⟶", "==", "=",
];

/// The offset of the first character that is no decoration (tick, cross, pictograph) nor white space.
pub(super) fn undecorated(text: &str) -> usize {
    text.find(|c: char| !c.is_whitespace() && !is_pictograph(c))
        .unwrap_or(text.len())
}

/// A tick, cross, warning sign or emoji; arrows are none.
pub(super) fn is_pictograph(c: char) -> bool {
    let is_arrow = matches!(c, '➜' | '➡' | '➔');
    !is_arrow
        && matches!(c, '\u{2600}'..='\u{27bf}' | '\u{2b50}' | '\u{2b55}' | '\u{fe0f}' | '\u{1f300}'..='\u{1faff}')
}

/// Reads signs and lead words at the start of `text`, in either order.
pub(super) fn marked(text: &str) -> Marked {
    let mut found = Marked {
        mark: Mark::None,
        lead: None,
        aside: None,
        rest: undecorated(text),
    };
    if let Some((len, mark)) = sign(&text[found.rest..]) {
        found.mark = mark;
        found.rest += len;
        found.rest += space(&text[found.rest..]);
    }
    let start = found.rest;
    if let Some(lead) = lead(&text[start..]) {
        found.lead = Some(start);
        found.aside = lead.aside.map(|(from, to)| (start + from, start + to));
        found.rest = start + lead.len;
        if lead.has_separator {
            found.mark = found.mark.max(Mark::Lead);
        }
        if let Some((len, _)) = sign(&text[found.rest..]) {
            found.mark = found.mark.max(Mark::Lead);
            found.rest += len;
        }
        found.mark = found.mark.max(Mark::Soft);
        found.rest += space(&text[found.rest..]);
    }
    found
}

fn space(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Length and kind of a sign at the start, if something follows it.
fn sign(text: &str) -> Option<(usize, Mark)> {
    let sign = SIGNS.iter().find(|sign| text.starts_with(**sign))?;
    let rest = &text[sign.len()..];
    let goes_on = rest.starts_with(['=', '>', '~']);
    let mark = match *sign {
        "=>" | "==>" | ">>>" => Mark::Sign,
        _ => Mark::Arrow,
    };
    (!goes_on && !rest.trim().is_empty()).then_some((sign.len(), mark))
}

/// A lead word at the start of a text.
struct Lead {
    /// Length of words, aside, separator, and the space behind.
    len: usize,
    /// Where the words between brackets stand.
    aside: Option<(usize, usize)>,
    /// Whether a separator stands behind.
    has_separator: bool,
}

fn lead(text: &str) -> Option<Lead> {
    if let Some(len) = value_word(text) {
        return Some(Lead {
            len,
            aside: None,
            has_separator: true,
        });
    }
    let mut end = lead_words(text)?;
    let mut aside = None;
    let behind = text[end..].trim_start();
    if let Some(inner) = behind.strip_prefix('(')
        && let Some(len) = inner.find(')')
        && inner[len + 1..].trim_start().starts_with([':', '：'])
    {
        let from = text.len() - inner.len();
        aside = Some((from, from + len));
        end = from + len + 1;
    }
    let rest = text[end..].trim_start();
    let separator = [":", "：", "— ", "– ", "- "]
        .iter()
        .find(|separator| rest.starts_with(**separator));
    let skipped = separator.map_or(0, |separator| separator.len());
    let end = text.len() - rest.len() + skipped;
    Some(Lead {
        len: end + space(&text[end..]),
        aside,
        has_separator: separator.is_some(),
    })
}

/// Length of `Value: ` at the start, where a value follows.
fn value_word(text: &str) -> Option<usize> {
    let (word, rest) = text.split_once([':', '：'])?;
    let rest = rest.trim_start();
    let is_one = VALUES.contains(&word.trim_end().to_lowercase().as_str());
    // `Value: "what do I hold?"` explains.
    let is_value = match super::value::prefix(rest)? {
        (super::value::Value::Str(content), _) => !content.contains(' '),
        _ => true,
    };
    (is_one && is_value).then_some(text.len() - rest.len())
}

/// Words in a remark after which what it says is not so in any case.
const LIMITING: &[&str] = &[
    "if",
    "when",
    "unless",
    "without",
    "otherwise",
    "else",
    "with",
    "once",
    "after",
    "before",
    "instead",
    "not",
    "если",
    "когда",
    "без",
    "иначе",
    "при",
    "с",
    "после",
    "до",
    "раньше",
    "вместо",
    "не",
    "якщо",
    "коли",
    "ou",
    "si",
    "sans",
    "wenn",
];

/// What stands behind the last verb of printing that a comma, a stop or a dash parts from the text before it,
/// and that text.
pub(super) fn behind_last_print(text: &str) -> Option<(&str, &str)> {
    let (at, verb) = PRINTING
        .iter()
        .filter_map(|verb| Some((text.rfind(&format!(" {verb} "))?, *verb)))
        .max()?;
    let before = text[..at].trim_end();
    let is_parted = before.ends_with([',', ';', '.', '-', '—', '–']);
    let is_limited = before
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| LIMITING.contains(&word.to_lowercase().as_str()));
    (is_parted && !is_limited).then(|| (before, text[at + verb.len() + 2..].trim()))
}

/// End of the lead words at the start: fillers, then a noun or verb, then fillers and more such words.
fn lead_words(text: &str) -> Option<usize> {
    if let Some(lead) = UNSPACED.iter().find(|lead| text.starts_with(**lead)) {
        return Some(lead.len());
    }
    let mut end = None;
    for (index, (start, word)) in words(text).enumerate() {
        let lower = word.to_lowercase();
        let is_lead = NOUNS.contains(&lower.as_str()) || VERBS.contains(&lower.as_str());
        let is_filler = FILLERS.contains(&lower.as_str());
        if index > 6 || !(is_lead || is_filler) || is_call(&text[start + word.len()..]) {
            break;
        }
        if is_lead || end.is_some() {
            end = Some(start + word.len());
        }
        if !text[start + word.len()..].starts_with(' ') {
            break;
        }
    }
    end
}

fn is_call(behind: &str) -> bool {
    behind.starts_with(['(', '[', '.', '\'', '"', '_'])
}

/// The words at the start of `text` that only single spaces part, with their offsets.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let rest = &text[at..];
        let len = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        if len == 0 {
            return None;
        }
        let start = at;
        is_over = !rest[len..].starts_with(' ');
        at += len + usize::from(!is_over);
        Some((start, &text[start..start + len]))
    })
}

/// Words after which a reason follows.
const REASONS: &[&str] = &[
    "because",
    "since",
    "as",
    "потому",
    "поскольку",
    "так",
    "т",
    "ведь",
    "ибо",
    "car",
    "因为",
];

/// Words after which a condition or an alternative follows.
const CONDITIONS: &[&str] = &[
    "if",
    "when",
    "unless",
    "while",
    "or",
    "and",
    "only",
    "если",
    "когда",
    "при",
    "или",
    "только",
    "для",
    "for",
    "либо",
];

/// How a text goes on after a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// It does not.
    End,
    /// A separator, then a remark.
    Remark,
    /// A condition or an alternative: the value need not come true.
    Condition,
    /// A word, with one space between.
    Word,
    /// `...`: the value goes on.
    Elision,
    /// Anything else: the value was part of something larger.
    Glued,
}

/// How `text` goes on after the value that stands before it.
pub(super) fn tail(text: &str, is_number: bool) -> Tail {
    let trimmed = text.trim_start();
    let gap = text.len() - trimmed.len();
    let Some(first) = trimmed.chars().next() else {
        return Tail::End;
    };
    if text.starts_with("...") || text.starts_with('…') {
        return Tail::Elision;
    }
    let behind = &trimmed[first.len_utf8()..];
    let is_end_of_word =
        |behind: &str| behind.is_empty() || behind.starts_with(char::is_whitespace);
    let is_spaced = is_end_of_word(behind);
    let skipped = match first {
        '—' | '–' | '←' | '⟵' | '⬅' | ';' => first.len_utf8(),
        '-' if gap > 0 && (is_spaced || behind.starts_with('-')) => 1,
        '(' if gap > 0 || !is_number => 0,
        '[' | '#' | '|' if gap > 0 => 0,
        '/' if gap > 0 && behind.starts_with('/') => 0,
        ':' | ',' | '.' if is_spaced => 1,
        // `5!` is a factorial.
        '!' if !is_number && is_end_of_word(behind.trim_start_matches('!')) => 1,
        '<' if behind.starts_with('-') => 2,
        // `8 = 2 ** 3`
        '=' if gap > 0
            && behind
                .strip_prefix(' ')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '(')) =>
        {
            1
        }
        '→' | '⇒' => return arrow(behind),
        '-' | '=' if behind.starts_with('>') => return arrow(&behind[1..]),
        c if is_pictograph(c) || super::value::is_followed_full_width(trimmed) => c.len_utf8(),
        _ if gap >= 2 || text.starts_with('\t') => 0,
        c if gap == 1 && c.is_alphabetic() => return word_tail(trimmed),
        _ => return Tail::Glued,
    };
    if begins_condition(&trimmed[skipped..]) {
        Tail::Condition
    } else {
        Tail::Remark
    }
}

/// `5 -> 6` tells of a change, `5 -> the sum` of a value.
fn arrow(behind: &str) -> Tail {
    let rest = behind.trim_start();
    match rest.chars().next() {
        Some(c) if c.is_alphabetic() && super::value::prefix(rest).is_none() => Tail::Remark,
        _ => Tail::Glued,
    }
}

fn word_tail(text: &str) -> Tail {
    let mut words = words(text).map(|(_, word)| word.to_lowercase());
    let first = words.next().unwrap_or_default();
    let is_reason = match first.as_str() {
        "так" => words.next().as_deref() == Some("как"),
        "т" => text.starts_with("т.к") || text.starts_with("т. к"),
        _ => REASONS.contains(&first.as_str()),
    };
    match () {
        () if is_reason => Tail::Remark,
        () if CONDITIONS.contains(&first.as_str()) => Tail::Condition,
        () => Tail::Word,
    }
}

/// Whether the first word of `text` is one of condition.
pub(super) fn begins_condition(text: &str) -> bool {
    let start = text.find(|c: char| c.is_alphanumeric()).unwrap_or(0);
    words(&text[start..]).next().is_some_and(|(_, word)| {
        matches!(
            word.to_lowercase().as_str(),
            "if" | "when" | "unless" | "or" | "если" | "когда" | "или" | "либо"
        )
    })
}

/// Words of a sentence that ends in a colon and announces output.
const ANNOUNCING: &[&str] = &[
    "output",
    "outputs",
    "result",
    "results",
    "prints",
    "print",
    "printed",
    "gives",
    "produces",
    "displays",
    "shows",
    "returns",
    "get",
    "see",
    "yields",
    "вывод",
    "вывода",
    "выведет",
    "выводит",
    "выведется",
    "выводится",
    "результат",
    "результате",
    "напечатает",
    "получим",
    "получится",
    "увидим",
    "увидите",
    "консоли",
    "экране",
    "sortie",
    "résultat",
    "affiche",
    "affichera",
    "salida",
    "ausgabe",
    "вивід",
];

/// Reads a paragraph that stands between code and a block as the announcement of output.
///
/// What is returned are its words, in which versions may be named.
pub(super) fn lead_in(paragraph: &str) -> Option<&str> {
    let is_markup = |c: char| c.is_whitespace() || "*_`~>#".contains(c);
    let line = paragraph.lines().last()?.trim_matches(is_markup);
    if paragraph.lines().count() > 3 || line.chars().count() > 160 {
        return None;
    }
    let last = line.rmatch_indices(['.', '。', '!']).next();
    let rest = last.map(|(at, stop)| &line[at + stop.len()..]);
    let is_sentence = |rest: &&str| rest.len() > 1 && rest.starts_with(' ');
    let sentence = rest.filter(is_sentence).map_or(line, str::trim_start);
    let has_colon = sentence.trim_end_matches(is_markup).ends_with([':', '：']);
    let words = sentence.trim_end_matches(|c: char| is_markup(c) || ":：.".contains(c));
    let bare = match words.split_once('(') {
        Some((bare, aside)) if aside.trim_end_matches(is_markup).ends_with(')') => bare,
        _ => words,
    };
    let bare = bare.trim_matches(|c: char| is_markup(c) || ":：".contains(c));
    let end = lead_words(bare).unwrap_or(0);
    let is_lead = end == bare.len() && end > 0;
    let mut lower = bare
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase);
    let count = lower.clone().count();
    let announces =
        has_colon && count <= 14 && lower.any(|word| ANNOUNCING.contains(&word.as_str()));
    let is_chinese = has_colon && UNSPACED.iter().any(|lead| bare.contains(lead));
    (is_lead || announces || is_chinese).then_some(words)
}
