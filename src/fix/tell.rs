//! How a value itself tells that the credential was refused: by its own methods, by the status in it, by the variant it
//! is, and, where nothing else is left, by its text.
//!
//! Each test is asked what it answers in every scenario before it is written, where the engine can tell.

use crate::engine::db::Db;
use crate::engine::scenario::Scenario;
use crate::engine::site::again;
use crate::engine::text::Text;
use crate::engine::types::Ty;
use crate::engine::value::{Struct, Value};
use crate::fix::ask::Test;
use crate::ir::{Name, Type};
use crate::syntax::program::{Def, FnData, FnId, ModId, Res, TypeId};

/// Parts inside parts of an error that are looked at.
pub const DEPTH: usize = 3;

/// Asks one failure, in all scenarios in which its value is known.
pub struct Asker<'s> {
    /// The unit.
    pub db: &'s Db<'s>,
    /// The function that the test is written in.
    pub home: FnId,
    /// The failure with 401.
    pub refused: Option<Value>,
    /// The failure with 403.
    pub forbidden: Option<Value>,
    /// The failure with 429 and 503, in each form in which it may arrive.
    pub passing: Vec<(Scenario, Value)>,
    /// Texts that hold the status or do not are looked into as well.
    pub guesses: bool,
}

impl Asker<'_> {
    /// The tests of a value written as an expression, the best first, looking at most so many parts deep.
    pub fn tests(&self, expr: &str, value: &Value, depth: usize) -> Vec<Test> {
        let value = &again::shape(self.db, self.home, value, Scenario::DeadKey);
        match value {
            Value::Option(Some(inner)) => match (&**inner, inner.ty()) {
                (Value::Failure(f), Ty::Int) if f.status.is_some() => {
                    vec![Test::sure(format!("matches!({expr}, Some(401 | 403))"))]
                }
                _ => Vec::new(),
            },
            Value::Failure(f) if f.status.is_some() => match &f.ty {
                Ty::Int => vec![Test::sure(format!("matches!({expr}, 401 | 403)"))],
                Ty::Ext(path) => self.external(expr, path.as_str(), f.response),
                Ty::Adt(id, _) => self.own(expr, *id, value, depth),
                _ => Vec::new(),
            },
            Value::Struct(s) => match s.ty {
                Ty::Adt(id, _) => self.own(expr, id, value, depth),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// A type of another crate, as a model says.
    fn external(&self, expr: &str, path: &str, is_response: bool) -> Vec<Test> {
        if let Some(refused) = self.db.lookup.models.refused(path) {
            let is_there = refused.depends.as_deref().is_some_and(|krate| self.depends_on(krate));
            let doubt = refused.doubt.clone().filter(|_| !is_there);
            return vec![Test { cond: refused.test.replace("{}", expr), doubt }];
        }
        if is_response || path.ends_with("Response") {
            let cond = format!("matches!({expr}.status().as_u16(), 401 | 403)");
            return vec![Test { cond, doubt: Some(format!("`{path}` is taken to have an HTTP status")) }];
        }
        Vec::new()
    }

    /// A type of the unit: its own methods, then its fields and variants.
    fn own(&self, expr: &str, id: TypeId, value: &Value, depth: usize) -> Vec<Test> {
        let mut tests = self.methods(expr, id, value);
        if depth == 0 {
            return tests;
        }
        if let Value::Struct(s) = value {
            match s.variant {
                Some((id, index)) => tests.extend(self.variant(expr, id, index, s, depth)),
                None => tests.extend(self.fields(expr, id, value, depth)),
            }
        } else {
            tests.extend(self.fields(expr, id, value, depth));
        }
        tests
    }

    /// `e.is_auth()`, `e.status()`, `!e.is_retryable()`: each is asked what it answers before it is written.
    fn methods(&self, expr: &str, id: TypeId, value: &Value) -> Vec<Test> {
        let program = self.db.program();
        let (mut exact, mut by_status, mut wider) = (Vec::new(), Vec::new(), Vec::new());
        for function in program.functions_of(id) {
            let data = program.function(*function);
            let text = |span| program.file(data.file).source.slice(span);
            let by_ref = data.def.params.first().is_some_and(|p| text(p.pat.span).starts_with('&'));
            let is_visible = data.def.is_pub || self.is_inside(data.module);
            let [_] = data.def.params.as_slice() else { continue };
            if !by_ref || !is_visible || data.trait_.is_some() || data.is_test || data.def.is_async {
                continue;
            }
            // What is asked must not ask the function that it is written into.
            if *function == self.home
                || self.db.summary(*function).calls.values().any(|c| c.targets.contains(&self.home))
            {
                continue;
            }
            let call = format!("{expr}.{}()", data.def.name);
            match self.db.lookup.returns(*function) {
                Ty::Bool => match self.answers(*function, value) {
                    Some((true, Others::No)) => exact.push(Test::sure(call)),
                    Some((false, Others::Yes)) if is_about_retrying(data.def.name) => {
                        wider.push(Test::sure(format!("!{call}")));
                    }
                    _ => {}
                },
                ty if data.def.name.as_str().contains("status") || data.def.name.as_str().contains("code") => {
                    let answer = again::ask(self.db, *function, value, Scenario::DeadKey);
                    if answer.and_then(|a| status(&a)) == Some(401) {
                        by_status.extend(of_status(&call, &ty));
                    }
                }
                _ => {}
            }
        }
        exact.extend(by_status);
        exact.extend(wider);
        exact
    }

    /// What a predicate answers for a refusal, and for 429 and 503; only where all are known and 403 is as 401.
    fn answers(&self, function: FnId, value: &Value) -> Option<(bool, Others)> {
        let about = |value: &Value, scenario| match again::ask(self.db, function, value, scenario)? {
            Value::Bool(b) => Some(b),
            _ => None,
        };
        // A part of the failure has no value of its own in the other scenarios.
        let refused = self.refused.as_ref().filter(|known| known.ty() == value.ty())?;
        let refused = about(refused, Scenario::DeadKey)?;
        if let Some(forbidden) = &self.forbidden
            && about(forbidden, Scenario::Forbidden)? != refused
        {
            return None;
        }
        let others: Vec<bool> =
            self.passing.iter().map(|(scenario, value)| about(value, *scenario)).collect::<Option<_>>()?;
        let others = match (self.knows_what_passes(), others.contains(&true), others.contains(&false)) {
            (true, true, false) => Others::Yes,
            (true, false, true) => Others::No,
            _ => return None,
        };
        Some((refused, others))
    }

    /// The failure is known with 429 and with 503.
    fn knows_what_passes(&self) -> bool {
        let known = |scenario| self.passing.iter().any(|(s, _)| *s == scenario);
        known(Scenario::RateLimited) && known(Scenario::ServerError)
    }

    /// The field of a struct that holds the status.
    fn fields(&self, expr: &str, id: TypeId, value: &Value, depth: usize) -> Vec<Test> {
        let data = self.db.program().ty(id);
        let Some(variant) = data.def.variants.first().filter(|_| !data.def.is_enum) else { return Vec::new() };
        let scope = self.db.lookup.type_scope(id, &[]);
        let (mut tests, mut by_text) = (Vec::new(), Vec::new());
        for field in &variant.fields {
            let ty = scope.read(self.db.program(), &field.ty);
            let known = match value {
                Value::Struct(s) => s.fields.iter().find(|(n, _)| *n == field.name).map(|(_, v)| v.clone()),
                _ => None,
            };
            let name = field.name.as_str();
            let is_status = name.contains("status") || name.contains("code");
            let hidden = || {
                let is_hidden = !field.is_pub && !self.is_inside(data.module);
                is_hidden.then(|| format!("the field `{name}` may be private"))
            };
            if is_status && known.as_ref().is_none_or(|v| status(v) == Some(401)) {
                tests.extend(of_status(&format!("{expr}.{name}"), &ty).map(|t| t.or_doubt(hidden)));
            } else if let (Ty::Str, Some(text)) = (&ty, known.as_ref().and_then(text_of)) {
                by_text.extend(self.worded(&format!("{expr}.{name}"), &text).map(|t| t.or_doubt(hidden)));
            } else if let Some(known) = known.filter(|v| status(v).is_some() && !matches!(ty, Ty::Int)) {
                let inner = self.tests(&format!("{expr}.{name}"), &known, depth - 1);
                tests.extend(inner.into_iter().map(|t| t.or_doubt(hidden)));
            }
        }
        tests.extend(by_text);
        tests
    }

    /// The variant that a refusal arrives as: by itself where nothing else does, else by the status in it.
    fn variant(&self, expr: &str, id: TypeId, index: usize, value: &Struct, depth: usize) -> Vec<Test> {
        let Some(path) = self.type_path(&Ty::Adt(id, [].into())) else { return Vec::new() };
        let variant = self.db.program().variant(id, index);
        let at = |value: &Option<Value>| self.variant_of(value, id);
        let others: Vec<Option<usize>> =
            self.passing.iter().map(|(_, v)| self.variant_of(&Some(v.clone()), id)).collect();
        let alone = self.knows_what_passes() && others.iter().all(|i| i.is_some_and(|i| i != index));
        let doubt = || {
            let gated = || format!("`{path}::{}` is there only under its `#[cfg(..)]`", variant.name);
            let hidden = (!self.is_visible(id)).then(|| format!("`{path}` may be private"));
            hidden.or_else(|| (!variant.gates.is_empty()).then(gated))
        };
        if alone {
            let mut patterns = vec![self.open_pattern(&path, id, index)];
            let is_always = |i: &usize| self.db.program().variant(id, *i).gates.is_empty();
            let forbidden = at(&self.forbidden).filter(|i| *i != index && !others.contains(&Some(*i)));
            if let Some(forbidden) = forbidden.filter(is_always) {
                patterns.push(self.open_pattern(&path, id, forbidden));
            }
            return vec![Test::sure(format!("matches!({expr}, {})", patterns.join(" | "))).or_doubt(doubt)];
        }
        let scope = self.db.lookup.type_scope(id, &[]);
        let (mut tests, mut by_text) = (Vec::new(), Vec::new());
        for field in &variant.fields {
            let Some((_, inner)) = value.fields.iter().find(|(n, _)| *n == field.name) else { continue };
            let ty = scope.read(self.db.program(), &field.ty);
            let with = |pattern: &str| match variant.is_tuple {
                true => {
                    let parts: Vec<&str> =
                        variant.fields.iter().map(|f| if f.name == field.name { pattern } else { "_" }).collect();
                    format!("{path}::{}({})", variant.name, parts.join(", "))
                }
                false if variant.fields.len() == 1 => {
                    format!("{path}::{} {{ {}: {pattern} }}", variant.name, field.name)
                }
                false => format!("{path}::{} {{ {}: {pattern}, .. }}", variant.name, field.name),
            };
            if let (Ty::Str, Some(text)) = (&ty, text_of(inner)) {
                let bound = if variant.is_tuple { "text" } else { field.name.as_str() };
                let pattern = with(bound).replace(&format!("{bound}: {bound}"), bound);
                let inner = self.worded(bound, &text);
                by_text
                    .extend(inner.map(|t| Test { cond: format!("matches!(&{expr}, {pattern} if {})", t.cond), ..t }));
                continue;
            }
            if status(inner).is_none() && !matches!(inner, Value::Struct(_)) {
                continue;
            }
            match (&ty, field.name.as_str()) {
                (Ty::Int, _) => {
                    tests.push(Test::sure(format!("matches!(&{expr}, {})", with("401 | 403"))).or_doubt(doubt));
                }
                (Ty::Option(inner), _) if **inner == Ty::Int => {
                    tests.push(Test::sure(format!("matches!(&{expr}, {})", with("Some(401 | 403)"))).or_doubt(doubt));
                }
                _ => {
                    let bound = if variant.is_tuple { "inner" } else { field.name.as_str() };
                    let deref = if is_pointer(&field.ty) { format!("(**{bound})") } else { bound.to_owned() };
                    for test in self.tests(&deref, inner, depth - 1) {
                        let pattern = if variant.is_tuple {
                            with(bound)
                        } else {
                            with(bound).replace(&format!("{bound}: {bound}"), bound)
                        };
                        let cond = format!("matches!(&{expr}, {pattern} if {})", test.cond);
                        tests.push(Test { cond, doubt: test.doubt }.or_doubt(doubt));
                    }
                }
            }
        }
        tests.extend(by_text);
        tests
    }

    /// A text that holds the status, or may: the last resort, since other texts may hold the digits too.
    pub fn worded(&self, expr: &str, text: &Text) -> Option<Test> {
        let words = &self.db.lookup.models.words;
        let holds = |needle: &str| text.contains(needle, words);
        let doubt = match (holds("401"), holds("403")) {
            (Some(true), _) | (_, Some(true)) => {
                "the status is only in the text of the error, where an address or an id may hold 401 too"
            }
            (None, _) | (_, None) if text.is_tainted() && self.guesses => {
                "the status is in the text of the error, if anywhere"
            }
            _ => return None,
        };
        let cond = format!("{expr}.contains(\"401\") || {expr}.contains(\"403\")");
        Some(Test { cond, doubt: Some(doubt.to_owned()) })
    }

    fn variant_of(&self, value: &Option<Value>, id: TypeId) -> Option<usize> {
        let shaped = again::shape(self.db, self.home, value.as_ref()?, Scenario::DeadKey);
        match shaped {
            Value::Struct(s) => s.variant.filter(|(other, _)| *other == id).map(|(_, index)| index),
            _ => None,
        }
    }

    fn open_pattern(&self, path: &str, id: TypeId, index: usize) -> String {
        let variant = self.db.program().variant(id, index);
        match (variant.fields.is_empty(), variant.is_tuple) {
            (true, _) => format!("{path}::{}", variant.name),
            (false, true) => format!("{path}::{}(..)", variant.name),
            (false, false) => format!("{path}::{} {{ .. }}", variant.name),
        }
    }

    /// How code in the function can name a type.
    pub fn type_path(&self, ty: &Ty) -> Option<String> {
        let program = self.db.program();
        match ty {
            Ty::Ext(path) => Some(path.to_string()).filter(|p| !p.ends_with("::?")),
            Ty::Adt(id, _) => {
                let data = program.ty(*id);
                if self.data().owner == Some(*id) {
                    return Some("Self".to_owned());
                }
                let resolves = |path: &[Name]| matches!(program.resolve(self.module(), path), Some(Res::Def(Def::Type(found))) if found == *id);
                if resolves(&[data.def.name]) && !program.is_inner(self.module(), data.def.name) {
                    return Some(data.def.name.to_string());
                }
                if program.krate(data.module) != program.krate(self.module()) {
                    return None;
                }
                let mut path = vec![Name::new("crate")];
                path.extend(program.module_path(data.module));
                path.push(data.def.name);
                resolves(&path).then(|| path.iter().map(|n| n.as_str()).collect::<Vec<_>>().join("::"))
            }
            _ => None,
        }
    }

    /// The function can use the type by its whole path, as far as the modules show: what is private in a module is
    /// there for all that stands inside of that module.
    fn is_visible(&self, id: TypeId) -> bool {
        let program = self.db.program();
        let data = program.ty(id);
        let resolves =
            matches!(program.resolve(self.module(), &[data.def.name]), Some(Res::Def(Def::Type(found))) if found == id);
        let is_named = resolves && !program.is_inner(self.module(), data.def.name);
        if is_named || self.data().owner == Some(id) || self.is_inside(data.module) {
            return true;
        }
        let (theirs, own) = (program.module_path(data.module), program.module_path(self.module()));
        data.def.is_pub && theirs.split_last().is_none_or(|(_, around)| own.starts_with(around))
    }

    /// The function's package says that it depends on a crate under the crate's own name, and, where one is wanted, on
    /// one major version and no other: `ureq 3`.
    fn depends_on(&self, wanted: &str) -> bool {
        let (krate, major) = wanted.split_once(' ').map_or((wanted, None), |(krate, major)| (krate, Some(major)));
        let Some(package) = &self.db.program().file(self.data().file).package else { return false };
        let is_own_name = package.dependencies.get(krate).is_some_and(|name| name.replace('-', "_") == krate);
        let asked = package.requirements.get(krate).map(|asked| asked.trim_start_matches(['^', '=', '~', ' ']));
        let is_major =
            |major| asked.is_some_and(|asked| !asked.contains([',', '*']) && asked.split('.').next() == Some(major));
        is_own_name && major.is_none_or(is_major)
    }

    fn data(&self) -> &FnData {
        self.db.program().function(self.home)
    }

    fn module(&self) -> ModId {
        self.data().module
    }

    /// The function stands in a module, or in one inside of it.
    fn is_inside(&self, module: ModId) -> bool {
        let program = self.db.program();
        program.krate(module) == program.krate(self.module())
            && program.module_path(self.module()).starts_with(&program.module_path(module))
    }
}

/// What a predicate answers to the failures that pass.
#[derive(PartialEq)]
enum Others {
    Yes,
    No,
}

/// The status that a value stands for, through an `Option`.
fn status(value: &Value) -> Option<u16> {
    match value {
        Value::Option(Some(inner)) => status(inner),
        other => other.status(),
    }
}

/// The text that a value is.
pub fn text_of(value: &Value) -> Option<Text> {
    match value {
        Value::Str(text) => Some(text.clone()),
        Value::Failure(failure) => failure.text.clone(),
        _ => None,
    }
}

/// The test of something that gives a status.
fn of_status(expr: &str, ty: &Ty) -> Option<Test> {
    let is_code = |ty: &Ty| matches!(ty, Ty::Ext(path) if path.as_str().ends_with("StatusCode"));
    match ty {
        Ty::Int => Some(Test::sure(format!("matches!({expr}, 401 | 403)"))),
        Ty::Option(inner) if **inner == Ty::Int => Some(Test::sure(format!("matches!({expr}, Some(401 | 403))"))),
        Ty::Option(inner) if is_code(inner) => {
            Some(Test::sure(format!("matches!({expr}.map(|status| status.as_u16()), Some(401 | 403))")))
        }
        ty if is_code(ty) => Some(Test::sure(format!("matches!({expr}.as_u16(), 401 | 403)"))),
        _ => None,
    }
}

fn is_about_retrying(name: Name) -> bool {
    let words = crate::models::split_words(name.as_str());
    words
        .iter()
        .any(|w| matches!(w.as_str(), "retryable" | "transient" | "temporary" | "recoverable" | "retry" | "retriable"))
}

fn is_pointer(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if matches!(path.last().as_str(), "Box" | "Arc" | "Rc"))
}
