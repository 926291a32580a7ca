//! Colours, in rustc's choice; whatever a colour says is said by a word as well.

use annotate_snippets::renderer::{
    AnsiColor, DEFAULT_ERROR_STYLE, DEFAULT_LINE_NUM_STYLE, DEFAULT_NOTE_STYLE,
    DEFAULT_WARNING_STYLE, Effects, Style,
};

use crate::problem::Severity;

/// Line numbers and arrows.
pub(super) const FRAME: Style = DEFAULT_LINE_NUM_STYLE;
/// What needs attention first.
pub(super) const ALARM: Style = DEFAULT_ERROR_STYLE;
/// What is well.
pub(super) const WELL: Style = AnsiColor::Green.on_default().effects(Effects::BOLD);
/// Headings.
pub(super) const STRONG: Style = Style::new().effects(Effects::BOLD);

/// The style of a severity.
pub(super) fn of(severity: Severity) -> Style {
    match severity {
        Severity::Error => DEFAULT_ERROR_STYLE,
        Severity::Warning => DEFAULT_WARNING_STYLE,
        Severity::Note => DEFAULT_NOTE_STYLE,
    }
}

/// The word for a severity.
pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// `text` in `style` where the report is `in_color`.
pub(super) fn paint(report: super::Style, style: Style, text: &str) -> String {
    if report.color {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}
