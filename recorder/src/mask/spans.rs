//! What is to be hidden in one text, and the hiding.

use std::ops::Range;

use super::STARS;

/// Byte ranges of a text, in any order; they may overlap.
#[derive(Debug, Clone, Default)]
pub(super) struct Spans(Vec<Range<usize>>);

impl Spans {
    pub(super) fn add(&mut self, span: Range<usize>) {
        if span.start < span.end {
            self.0.push(span);
        }
    }

    /// The text with each range replaced by stars. Ranges that overlap or touch become one.
    pub(super) fn replaced(mut self, text: String) -> String {
        if self.0.is_empty() {
            return text;
        }
        self.0.sort_by_key(|span| span.start);
        let mut replaced = String::with_capacity(text.len());
        let mut spans = self.0.into_iter().peekable();
        let mut shown = 0;
        while let Some(mut span) = spans.next() {
            while let Some(next) = spans.next_if(|next| next.start <= span.end) {
                span.end = span.end.max(next.end);
            }
            replaced.push_str(&text[shown..text.floor_char_boundary(span.start)]);
            replaced.push_str(STARS);
            shown = text.ceil_char_boundary(span.end);
        }
        replaced.push_str(&text[shown..]);
        replaced
    }
}
