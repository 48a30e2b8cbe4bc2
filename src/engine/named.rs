//! What a call is called, and what it is called on: the names that models and word lists are asked about.

use crate::ir::{Expr, ExprKind, Name};

/// The last name of what a call calls.
pub fn called(e: &Expr) -> Option<&str> {
    match &e.kind {
        ExprKind::Method { name, .. } => Some(name.as_str()),
        ExprKind::Call { callee, .. } => match &callee.kind {
            ExprKind::Path(path) => path.segments.last().map(|name| name.as_str()),
            _ => None,
        },
        _ => None,
    }
}

/// The name of what a method is called on.
pub fn holder(recv: &Expr) -> Option<Name> {
    match &recv.kind {
        ExprKind::Path(path) => Some(path.last()),
        ExprKind::Field(_, name) => Some(*name),
        ExprKind::Method { name, recv, args, .. } => match holder(recv) {
            // `pool.lock()`, `self.pool.write()`
            Some(inner)
                if args.is_empty()
                    && matches!(
                        name.as_str(),
                        "lock" | "read" | "write" | "borrow" | "borrow_mut" | "as_ref" | "as_mut" | "unwrap" | "expect"
                    ) =>
            {
                Some(inner)
            }
            _ => Some(*name),
        },
        ExprKind::Await(inner) | ExprKind::Try(inner) | ExprKind::Ref { expr: inner, .. } => holder(inner),
        _ => None,
    }
}
