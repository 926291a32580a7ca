//! How deeply a piece of Python is nested, before anything recursive sees it.
//!
//! In goes the code, out comes an upper bound of the depth of its syntax tree, counted over tokens.
//! The parser, everything that walks a tree, and dropping one recurse as deeply as that.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// The deepest nesting that is parsed. CPython refuses 200 brackets, 100 indentations, and chains of some thousands.
pub(super) const MAX: usize = 5_000;

/// One bracket level of a statement.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Operators and the like since the last comma.
    chain: usize,
    /// Keywords whose operand may hold commas.
    prefixes: usize,
}

/// An upper bound of the depth of the syntax tree of `code`; counting stops above [`MAX`].
pub(super) fn depth(code: &str) -> usize {
    let mut lexer = lexer::lex(code, Mode::Module);
    let mut levels = vec![Level::default()];
    let (mut indentations, mut total, mut deepest) = (0_usize, 0_usize, 0_usize);
    // Every token takes a byte, but for the dedents, of which there are as many as indents.
    for _ in 0..code.len() * 2 + 16 {
        let kind = lexer.next_token();
        let top = levels.last().copied().unwrap_or_default();
        match kind {
            TokenKind::EndOfFile => return deepest,
            TokenKind::Indent => indentations += 1,
            TokenKind::Dedent => indentations = indentations.saturating_sub(1),
            TokenKind::Newline => {
                levels.truncate(1);
                set(&mut levels, Level::default());
                total = 0;
            }
            TokenKind::Semi | TokenKind::Comma => {
                total -= top.chain;
                set(&mut levels, Level { chain: 0, ..top });
            }
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart => {
                // The bracket itself is a level, and stays one link of the chain once it is closed.
                set(&mut levels, add(top));
                total += 1;
                levels.push(Level::default());
            }
            TokenKind::Rpar
            | TokenKind::Rsqb
            | TokenKind::Rbrace
            | TokenKind::FStringEnd
            | TokenKind::TStringEnd => {
                if levels.len() > 1 {
                    levels.pop();
                    total -= top.chain + top.prefixes;
                }
            }
            TokenKind::Lambda
            | TokenKind::Yield
            | TokenKind::Await
            | TokenKind::Async
            | TokenKind::Not => {
                set(
                    &mut levels,
                    Level {
                        prefixes: top.prefixes + 1,
                        ..top
                    },
                );
                total += 1;
            }
            TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::Complex
            | TokenKind::String
            | TokenKind::FStringMiddle
            | TokenKind::TStringMiddle
            | TokenKind::Comment
            | TokenKind::NonLogicalNewline => {}
            _ => {
                set(&mut levels, add(top));
                total += 1;
            }
        }
        deepest = deepest.max(total + indentations);
        if deepest > MAX {
            return deepest;
        }
    }
    deepest
}

fn add(level: Level) -> Level {
    Level {
        chain: level.chain + 1,
        ..level
    }
}

fn set(levels: &mut [Level], level: Level) {
    if let Some(top) = levels.last_mut() {
        *top = level;
    }
}
