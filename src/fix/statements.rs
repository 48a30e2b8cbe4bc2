//! Statements as things to be moved, added to and taken out whole.

use crate::ir::visit::{self, Node};
use crate::ir::{Block, Expr, ExprKind, Span, Stmt};

/// A statement with what stands around it.
pub struct Row<'b> {
    /// The statement.
    pub stmt: &'b Stmt,
    /// Its range, with the `;`.
    pub span: Span,
    /// The block that it is a part of.
    pub block: &'b Block,
    /// Which statement of the block.
    pub index: usize,
}

/// Every block of a body, the outermost first.
fn blocks(body: &Block) -> Vec<&Block> {
    let mut out = vec![body];
    visit::block(body, &mut |node| {
        if let Node::Expr(e) = node {
            match &e.kind {
                ExprKind::If { then, .. } => out.push(then),
                ExprKind::Loop { body, .. } | ExprKind::While { body, .. } | ExprKind::For { body, .. } => {
                    out.push(body)
                }
                ExprKind::Block { block, .. } => out.push(block),
                ExprKind::Async(block) => out.push(block),
                _ => {}
            }
        }
        true
    });
    out
}

/// Every statement of a body.
pub fn rows<'b>(body: &'b Block, text: &str) -> Vec<Row<'b>> {
    let rows = blocks(body).into_iter().flat_map(|block| {
        block.stmts.iter().enumerate().filter_map(move |(index, stmt)| {
            let span = match stmt {
                Stmt::Let { span, .. } => *span,
                Stmt::Expr { expr, .. } => {
                    let rest = &text[expr.span.end as usize..];
                    let blanks = rest.len() - rest.trim_start().len();
                    let ends = rest.trim_start().starts_with(';') && !matches!(expr.kind, ExprKind::Opaque);
                    Span { start: expr.span.start, end: expr.span.end + if ends { blanks as u32 + 1 } else { 0 } }
                }
                Stmt::Item(_) => return None,
            };
            Some(Row { stmt, span, block, index })
        })
    });
    rows.collect()
}

/// The innermost statement around a place.
pub fn around<'r, 'b>(rows: &'r [Row<'b>], at: Span) -> Option<&'r Row<'b>> {
    rows.iter().filter(|row| row.span.contains(at)).min_by_key(|row| row.span.end - row.span.start)
}

/// The range to take out: the whole line where nothing else stands there.
pub fn whole_line(text: &str, span: Span) -> Span {
    let (before, after) = (&text[..span.start as usize], &text[span.end as usize..]);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = after.find('\n').map_or(after.len(), |at| at + 1);
    match before[start..].trim().is_empty() && after[..line].trim().is_empty() {
        true => Span { start: start as u32, end: span.end + line as u32 },
        false => span,
    }
}

impl Row<'_> {
    /// The expression, where the statement is one.
    pub fn expr(&self) -> Option<&Expr> {
        match self.stmt {
            Stmt::Expr { expr, .. } => Some(expr),
            _ => None,
        }
    }
}
