//! The refusals that a policy names as worth a retry, taken out of its patterns, lists and conditions.

use crate::engine::pattern::VariantKind;
use crate::finding::{Edit, Style};
use crate::fix::inline::Candidate;
use crate::fix::policy::Subject;
use crate::ir::visit::{self, Node};
use crate::ir::{Arm, BinOp, Expr, ExprKind, Lit, MacroBody, Pat, PatKind, Path, Span};

/// The policy without the refusals that it names; `None` where it names none.
pub(super) fn without(subject: &Subject<'_>, stops: &[String]) -> Option<Candidate> {
    let mut cut = Cut { subject, stops, edits: Vec::new(), loses: false };
    visit::block(subject.body, &mut |node| {
        if let Node::Expr(e) = node {
            cut.expr(e);
        }
        true
    });
    cut.edits.sort_by_key(|edit| edit.place.span);
    cut.edits.dedup_by_key(|edit| edit.place.span);
    let overlap = cut.edits.windows(2).any(|pair| pair[0].place.span.end > pair[1].place.span.start);
    if cut.edits.is_empty() || cut.loses || overlap {
        return None;
    }
    let message = "do not name a refused credential among what is retried".to_owned();
    Some(Candidate { message, edits: cut.edits, doubt: None, needs: Vec::new(), style: Style::Inline })
}

struct Cut<'s> {
    subject: &'s Subject<'s>,
    stops: &'s [String],
    edits: Vec<Edit>,
    /// A comment would go.
    loses: bool,
}

impl Cut<'_> {
    fn remove(&mut self, start: u32, end: u32) {
        self.replace(Span { start, end }, String::new());
    }

    fn replace(&mut self, span: Span, text: String) {
        let gone = self.subject.text(span);
        self.loses |= gone.contains("//") || gone.contains("/*");
        self.edits.push(self.subject.edit(span, text));
    }

    /// The alternatives of a pattern.
    fn parts(&mut self, pat: &Pat) {
        let PatKind::Or(parts) = &pat.kind else { return };
        let refused: Vec<bool> = parts.iter().map(|part| self.is_refusal(part)).collect();
        if refused.iter().all(|r| *r) {
            return;
        }
        let spans: Vec<Span> = parts.iter().map(|p| p.span).collect();
        self.list(&spans, &refused);
    }

    /// Members of a list, each with the sign beside it.
    fn list(&mut self, spans: &[Span], gone: &[bool]) {
        let kept = gone.iter().position(|gone| !gone).unwrap_or(0);
        for i in (0..spans.len()).filter(|i| gone[*i]) {
            match i < kept {
                true => self.remove(spans[i].start, spans[i + 1].start),
                false => self.remove(spans[i - 1].end, spans[i].end),
            }
        }
    }

    fn expr(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Match { arms, .. } => arms.iter().for_each(|arm| self.arm(arm)),
            ExprKind::Macro(call) => {
                if let MacroBody::Matches { pat, .. } = &call.body {
                    self.parts(pat);
                }
            }
            ExprKind::Array(items) => {
                let refused: Vec<bool> = items.iter().map(|item| self.is_refused_status(item)).collect();
                if refused.contains(&true) && refused.contains(&false) {
                    let spans: Vec<Span> = items.iter().map(|item| item.span).collect();
                    self.list(&spans, &refused);
                }
            }
            ExprKind::Binary(BinOp::Or, a, b) => match (self.asks_for_refusal(a), self.asks_for_refusal(b)) {
                (false, true) => self.remove(a.span.end, b.span.end),
                (true, false) => self.remove(a.span.start, b.span.start),
                _ => {}
            },
            _ => {}
        }
    }

    /// An arm for refusals alone gives the other answer.
    fn arm(&mut self, arm: &Arm) {
        let Some(stop) = self.stops.first() else { return };
        let answer = self.subject.text(arm.body.span).trim_matches(['{', '}', ' ', '\n', '\r', '\t']);
        if self.stops.iter().any(|stop| stop == answer) {
            return;
        }
        let by_pattern = match &arm.pat.kind {
            PatKind::Or(parts) => parts.iter().all(|part| self.is_refusal(part)),
            _ => self.is_refusal(&arm.pat),
        };
        let by_guard = arm.guard.as_ref().is_some_and(|guard| self.asks_for_refusal(guard));
        if by_pattern || by_guard {
            self.replace(arm.body.span, stop.clone());
        } else {
            self.parts(&arm.pat);
        }
    }

    fn is_refusal(&self, pat: &Pat) -> bool {
        match &pat.kind {
            PatKind::Lit(e) => self.is_refused_status(e),
            PatKind::Path(path) | PatKind::TupleStruct(path, _) | PatKind::Struct(path, _) => {
                let inner = match &pat.kind {
                    PatKind::TupleStruct(path, parts) if path.last() == "Some" => parts.first(),
                    _ => None,
                };
                inner.map_or_else(|| self.names_refusal(path), |inner| self.is_refusal(inner))
            }
            PatKind::Ref(inner) => self.is_refusal(inner),
            _ => false,
        }
    }

    fn names_refusal(&self, path: &Path) -> bool {
        self.subject.db.variant_kind(path.last().as_str()) == VariantKind::Own
    }

    fn is_refused_status(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Lit(Lit::Int(n)) => matches!(n, 401 | 403),
            ExprKind::Path(path) => path.segments.len() > 1 && self.names_refusal(path),
            ExprKind::Ref { expr, .. } => self.is_refused_status(expr),
            ExprKind::Call { callee, args } => {
                matches!(&callee.kind, ExprKind::Path(path) if path.last() == "Some")
                    && args.iter().all(|arg| self.is_refused_status(arg))
            }
            _ => false,
        }
    }

    /// `status == 401`, `matches!(status, 401 | 403)`, `status.as_u16() == 401`
    fn asks_for_refusal(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Binary(BinOp::Eq, a, b) => self.is_refused_status(a) || self.is_refused_status(b),
            ExprKind::Binary(BinOp::Or, a, b) => self.asks_for_refusal(a) && self.asks_for_refusal(b),
            ExprKind::Macro(call) => match &call.body {
                MacroBody::Matches { pat, guard: None, .. } => match &pat.kind {
                    PatKind::Or(parts) => parts.iter().all(|part| self.is_refusal(part)),
                    _ => self.is_refusal(pat),
                },
                _ => false,
            },
            _ => false,
        }
    }
}
