//! What is known of a file's functions and types by themselves: what reads nothing but the program and the models.

use std::sync::Arc;

use rayon::prelude::*;

use crate::engine::birth;
use crate::engine::db::is_delay;
use crate::engine::lookup::Lookup;
use crate::engine::summary::{self, Summary};
use crate::engine::types::{Scope, Ty};
use crate::ir::visit::{self, Node};
use crate::ir::{Name, Span};
use crate::syntax::program::reads::{Reads, recorded};
use crate::syntax::program::{FileId, FnId, TypeId};

/// What is known of a file's functions and types by themselves.
#[derive(Default)]
pub(super) struct FileFacts {
    pub(super) fns: Vec<FnFacts>,
    /// Of each struct, the types that it holds, with the field.
    pub(super) holds: Vec<(TypeId, (TypeId, u32))>,
    pub(super) asks: bool,
    pub(super) reads: Reads,
}

#[derive(PartialEq)]
pub(super) struct FnFacts {
    pub(super) scope: Arc<Scope>,
    pub(super) summary: Summary,
    pub(super) delays: Vec<Span>,
    /// The type that it hands out.
    pub(super) makes: Option<TypeId>,
    /// The type of its error, and whether it takes a response.
    pub(super) gives_back: Option<(TypeId, bool)>,
    /// The crate for which it puts a credential into a request.
    pub(super) sends_for: Option<Name>,
}

/// The facts of files, side by side.
pub(super) fn of(lookup: Lookup<'_>, files: &[FileId]) -> Vec<FileFacts> {
    let facts = |file: &FileId| {
        if !lookup.program.is_tracked() {
            return file_facts(lookup, *file);
        }
        let (facts, reads) = recorded(|| file_facts(lookup, *file));
        FileFacts { reads, ..facts }
    };
    files.par_iter().map(facts).collect()
}

fn file_facts(lookup: Lookup<'_>, file: FileId) -> FileFacts {
    let program = lookup.program;
    FileFacts {
        fns: program.functions_in(file).map(|id| fn_facts(lookup, id)).collect(),
        holds: program.types_in(file).flat_map(|id| held(lookup, id)).collect(),
        asks: program.file(file).source.text.contains("error_for_status"),
        reads: Reads::default(),
    }
}

fn fn_facts(lookup: Lookup<'_>, id: FnId) -> FnFacts {
    let program = lookup.program;
    let scope = Scope::of(program, id);
    let summary = summary::summarise(lookup, id);
    let function = program.signature(id);
    let made = match function.ret().map(|ty| scope.read(program, ty)) {
        Some(Ty::Result(ok, _) | Ty::Option(ok)) => (*ok).clone(),
        Some(ty) => ty,
        None => Ty::Unit,
    };
    let makes = match made {
        Ty::Adt(made, _) if function.owner() != Some(made) && !function.is_test() => Some(made),
        _ => None,
    };
    let sends = !function.is_test() && summary.signs.iter().any(|sign| sign.strong);
    FnFacts {
        delays: delays(lookup, &scope, id),
        makes,
        gives_back: birth::gives_back(program, &scope, function),
        sends_for: sends.then(|| program.krate(function.module())),
        scope: Arc::new(scope),
        summary,
    }
}

/// The types that a struct holds, each with the first field that has it.
fn held(lookup: Lookup<'_>, id: TypeId) -> Vec<(TypeId, (TypeId, u32))> {
    let data = lookup.program.ty(id);
    let mut found: Vec<(TypeId, (TypeId, u32))> = Vec::new();
    if data.def.is_enum {
        return found;
    }
    let scope = lookup.type_scope(id, &[]);
    for (at, field) in data.def.variants.iter().flat_map(|v| &v.fields).enumerate() {
        if let Ty::Adt(inner, _) = scope.read(lookup.program, &field.ty)
            && inner != id
            && found.iter().all(|(known, _)| *known != inner)
        {
            found.push((inner, (id, at as u32)));
        }
    }
    found
}

fn delays(lookup: Lookup<'_>, scope: &Scope, id: FnId) -> Vec<Span> {
    let mut found = Vec::new();
    if let Some(body) = &lookup.program.function(id).def.body {
        visit::block(body, &mut |node| {
            if let Node::Expr(e) = node
                && is_delay(lookup, scope, e)
            {
                found.push(e.span);
            }
            true
        });
    }
    found
}
