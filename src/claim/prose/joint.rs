//! The words between an expression and what a sentence says it comes to: `returns`, `→`, «равно».
//!
//! Every word must be known: one that is not (`should`, `does not`, «не») makes it another sentence.

use super::super::exceptions;
use super::super::value;
use super::super::wording::words;

/// In what way a sentence joins an expression and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// A verb or an arrow.
    Value,
    /// A dash or a colon alone, which other things may stand behind as well.
    Loose,
    /// A verb of output.
    Print,
    /// A verb of exceptions.
    Raise,
}

/// What was found behind an expression.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joint {
    /// In what way it joins.
    pub manner: Manner,
    /// Its length in bytes, the space before what it leads to included.
    pub len: usize,
    /// Whether it calls what follows approximate.
    pub is_approximate: bool,
    /// Whether it speaks of an error without a name, which it then is itself.
    pub has_error_word: bool,
}

/// Words that join an expression and its value.
const VALUE: &str = "returns return gives give is equals equal yields yield produces produce evaluates evaluate \
    results becomes become computes converts turns means renvoie retourne donne vaut devuelve retorna \
    возвращает вернёт вернет возвратит даёт дает даст равно равен равна равны равняется будет превратится \
    превращается превратит превращает станет становится это вычисляется вычислится получится получим получаем \
    получается выдаст выдаёт выдает поверне повертає дорівнює = => == ==> -> --> → ⇒ ⟶ ➜ ➡ ≡";

/// Words that join a statement and its output.
const PRINT: &str = "printed displayed выведено напечатано prints print outputs output displays display shows show выведет выводит выведут напечатает \
    печатает покажет показывает отобразит affiche imprime виведе";

/// Words that join an expression and its exception.
const RAISE: &str = "raises raise throws throw triggers fails crashes causes вызовет вызывает выбросит выбрасывает \
    бросит бросает возбудит возбуждает поднимет поднимает кинет кидает упадёт упадет падает приведёт приведет \
    приводит завершится возбуждено вызвано выброшено брошено поднято возникнет возникает";

/// Words around those that change nothing.
const FILLERS: &str = "will to in into with the a an value result up always also still just simply then now \
    therefore thus so itself call expression statement code string list tuple set dict dictionary number integer \
    int float boolean bool empty and \
    в к с со на экран нам всегда также тоже просто сразу уже теперь тогда всё все равно значение результат \
    строку строка список кортеж множество словарь число целое пустую пустой пустое логическое и ровно снова \
    вызов выражение код";

/// Words for an exception of any type.
const ERRORS: &str =
    "error exception ошибку ошибка ошибкой ошибке исключение исключением исключению";

/// Words for something near.
const NEAR: &str = "about roughly approximately around примерно около приблизительно ≈ ~ ~=";

/// Most words and signs that a joint is made of.
const MOST: usize = 8;

/// Whether `word` is one of `list`.
pub(super) fn is_among(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

/// Reads the joint at the start of `text`, up to a code span or a plain value.
pub(super) fn joint(text: &str) -> Option<Joint> {
    read(text, None, "")
}

/// Reads a sentence about a block of code from its start, up to what it says the code does.
pub(super) fn announcement(text: &str) -> Option<Joint> {
    let found = read(text, None, ANNOUNCING)?;
    (found.manner != Manner::Loose).then_some(found)
}

/// Nouns and words with which a sentence about the code above begins.
const ANNOUNCING: &str = "output outputs result results out prints of above previous this that it code snippet \
    program script example here be running executing line we get see вывод результат ответ выведет этот это \
    данный код программа скрипт пример здесь тут консоль консоли экране экран при запуске выполнения выполнении \
    работы программы кода будет получим увидим запуск";

fn read(text: &str, mut manner: Option<Manner>, more: &str) -> Option<Joint> {
    let mut at = 0;
    let mut is_approximate = false;
    let mut has_error_word = false;
    for _ in 0..MOST + usize::from(!more.is_empty()) * 4 {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start_matches([' ', '\n', '\t']).len();
        let rest = &text[at..];
        let (token, lower) = token(rest);
        if token == 0 || leads_to_value(rest) {
            break;
        }
        let found = match () {
            () if is_among(RAISE, &lower) => Some(Manner::Raise),
            () if is_among(PRINT, &lower) => Some(Manner::Print),
            () if is_among(VALUE, &lower) => Some(Manner::Value),
            () if is_among(more, &lower) && is_noun(&lower) => Some(Manner::Print),
            () if is_among(NEAR, &lower) => {
                is_approximate = true;
                Some(Manner::Value)
            }
            () if is_among(ERRORS, &lower) && manner.is_some() => {
                has_error_word = true;
                None
            }
            () if is_among(more, &lower) => None,
            () if is_among(FILLERS, &lower) => None,
            () if is_among(": ： — – -", &lower) => Some(Manner::Loose),
            () => break,
        };
        manner = match (manner, found) {
            (None | Some(Manner::Loose), Some(found)) => Some(found),
            (Some(Manner::Value), Some(found @ (Manner::Raise | Manner::Print))) => Some(found),
            (earlier, _) => earlier,
        };
        at += token;
    }
    Some(Joint {
        manner: manner?,
        len: at,
        is_approximate,
        has_error_word,
    })
}

/// A noun that says "output" by itself.
fn is_noun(lower: &str) -> bool {
    is_among(
        "output outputs result results out вывод результат ответ",
        lower,
    )
}

/// The word or sign at the start: its length, and itself in lower case.
fn token(text: &str) -> (usize, String) {
    if let Some((_, word)) = words(text).next() {
        return (word.len(), word.to_lowercase());
    }
    let is_sign = |c: char| "=-<>→⇒⟶➜➡≡≈~:：—–".contains(c);
    let len = text.find(|c| !is_sign(c)).unwrap_or(text.len());
    (len, text[..len].to_owned())
}

/// Whether a value or the name of an exception begins the text.
fn leads_to_value(text: &str) -> bool {
    value::prefix(text).is_some()
        || exceptions::name_len(text, &std::collections::HashSet::new()).is_some()
}
