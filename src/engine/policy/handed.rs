//! Functions handed to a builder of a library that decide for it: `RetryLayer::builder().retry_on(|error| ..)`.

use super::shape::{self, Shape};
use crate::engine::ATTEMPT;
use crate::engine::db::Db;
use crate::engine::types::Ty;
use crate::ir::visit::{self, Node};
use crate::ir::{Expr, ExprKind, Type};
use crate::models::Takes;
use crate::syntax::program::{Def, FnId, Res};

/// A function or closure where it is handed over.
pub(super) struct Handed<'a> {
    pub(super) function: &'a Expr,
    /// The failure that it is asked about: its only parameter.
    pub(super) failure: Shape,
}

/// What a function hands to builders.
pub(super) fn find<'a>(db: &Db<'a>, id: FnId) -> Vec<Handed<'a>> {
    let program = db.program();
    let mut out = Vec::new();
    let Some(body) = &program.function(id).def.body else { return out };
    visit::block(body, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Method { recv, name, args, .. }, .. }) = node
            && let [function] = args.as_slice()
            && db.lookup.models.is_decider(name.as_str())
            && let Some(krate) = made_by(db, id, recv)
            && let Some(takes) = db.lookup.models.decider(&krate, name.as_str())
            && let Some(failure) = failure(db, id, function, takes)
        {
            out.push(Handed { function, failure });
        }
        true
    });
    out
}

/// The crate whose function a chain of methods begins with.
fn made_by(db: &Db<'_>, id: FnId, e: &Expr) -> Option<String> {
    match &e.kind {
        ExprKind::Method { recv, .. } => made_by(db, id, recv),
        ExprKind::Call { callee, .. } => {
            let ExprKind::Path(path) = &callee.kind else { return None };
            match db.resolve(&db.scope(id), path)? {
                Res::External(full) => full.first().map(|krate| krate.as_str().to_owned()),
                Res::Def(_) => None,
            }
        }
        _ => None,
    }
}

/// The failure in the shape that the function declares, or that the library gives it.
fn failure(db: &Db<'_>, id: FnId, function: &Expr, takes: Takes) -> Option<Shape> {
    let given = || match takes {
        Takes::Error => Shape::Face(Ty::Unknown),
        Takes::Response => Shape::Response(Ty::ext("http::Response")),
        Takes::Attempt => Shape::Face(Ty::ext(ATTEMPT)),
    };
    match &function.kind {
        ExprKind::Closure { params, .. } => match params.first()? {
            param if matches!(param.ty, Type::Infer) => Some(given()),
            param => shape::of_type(db, &db.scope(id), &param.ty),
        },
        ExprKind::Path(path) => match db.resolve(&db.scope(id), path)? {
            Res::Def(Def::Fn(asked)) => shape::failure(db, asked, true).map(|(_, shape)| shape),
            _ => None,
        },
        _ => None,
    }
}
