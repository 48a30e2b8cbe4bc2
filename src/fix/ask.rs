//! How the code itself can ask a failure whether the credential was refused: by a method of its own error type, by the
//! status that the error carries, by the variant that a refusal arrives as.

use crate::engine::db::Db;
use crate::engine::scenario::Scenario;
use crate::engine::site::again;
use crate::engine::types::Ty;
use crate::engine::value::{Failure, Struct, Value};
use crate::fix::scene::{Failed, Scene, is_any_error};
use crate::ir::{Name, Type};
use crate::syntax::program::{Def, FnId, Res, TypeId};

/// Parts inside parts of an error that are looked at.
const DEPTH: usize = 3;

/// A condition that holds when the credential was refused.
#[derive(Clone, Debug)]
pub struct Test {
    /// The condition.
    pub cond: String,
    /// Why it may not compile, or may hold for more than a refusal.
    pub doubt: Option<String>,
}

impl Test {
    fn sure(cond: String) -> Test {
        Test { cond, doubt: None }
    }

    fn or_doubt(mut self, doubt: impl FnOnce() -> Option<String>) -> Test {
        if self.doubt.is_none() {
            self.doubt = doubt();
        }
        self
    }
}

/// The tests that a failure at a sight allows, the best first; else why there is none.
pub fn tests(scene: &Scene<'_>, sight: usize, failed: &Failed) -> Result<Vec<Test>, String> {
    let name = failed.name.as_str();
    // A result under one name: what is in it is asked through a closure.
    let (value, through) = match &failed.value {
        Value::Result(Ok(inner)) => (&**inner, Some(("is_ok_and", "response"))),
        Value::Result(Err(inner)) => (&**inner, Some(("is_err_and", "error"))),
        other => (other, None),
    };
    if let Some((method, inner)) = through {
        let tests = of_value(scene, sight, failed.name, value, inner)?;
        let wrap = |test: Test| Test { cond: format!("{name}.as_ref().{method}(|{inner}| {})", test.cond), ..test };
        return Ok(tests.into_iter().map(wrap).collect());
    }
    of_value(scene, sight, failed.name, value, name)
}

/// The tests of a value, written with `name`; `known_as` is the variable that holds it, or holds a result with it.
fn of_value(scene: &Scene<'_>, sight: usize, known_as: Name, value: &Value, name: &str) -> Result<Vec<Test>, String> {
    let at = scene.sights[sight].span;
    let value_in = |scenario| match scene.value_in(scenario, at, known_as)? {
        Value::Result(Ok(inner) | Err(inner)) => Some((*inner).clone()),
        other => Some(other),
    };
    let asker = Asker {
        scene,
        refused: value_in(Scenario::DeadKey),
        forbidden: value_in(Scenario::Forbidden),
        passing: [Scenario::RateLimited, Scenario::ServerError]
            .into_iter()
            .filter_map(|s| Some((s, value_in(s)?)))
            .collect(),
    };
    let (declared, is_boxed) = scene.declared_error();
    let is_response = matches!(value, Value::Failure(f) if f.response);
    // What the run lost sight of is still of the type that the call is declared with.
    let seen = match value {
        Value::Unknown(u) if u.tainted && !u.ty.is_known() && declared.is_known() => Value::Failure(Failure {
            ty: declared.clone(),
            status: scene.shown.run.status,
            response: false,
            text: None,
        }),
        Value::Failure(f) if !f.response && !f.ty.is_known() => {
            Value::Failure(Failure { ty: declared.clone(), ..f.clone() })
        }
        other => other.clone(),
    };
    let value = &seen;
    let inner = value.ty();
    let unknown_type = || format!("the type of `{name}` is not known");
    match &inner {
        Ty::Str => {
            return Err(format!("`{name}` is only text here: the status has to be tested where it is still known"));
        }
        Ty::Ext(path) if is_any_error(path.as_str()) => {
            let worded = matches!(value, Value::Failure(f) if f.text.is_some());
            if let Some(test) = anywhere(scene, name).filter(|_| !worded) {
                return Ok(vec![test]);
            }
            return Err(format!("`{name}` is an error of any type, and what a refusal is inside it is not known"));
        }
        Ty::Unknown if !matches!(value, Value::Option(_)) => return Err(unknown_type()),
        _ => {}
    }
    // A status taken from an error is an `Option`, one taken from a response is not; the value does not tell which.
    if let Ty::Ext(path) = &inner
        && path.as_str().ends_with("StatusCode")
        && !is_response
        && !status_of_response(scene, sight, known_as)
    {
        return Err(unknown_type());
    }
    let is_error = !is_response && !matches!(inner, Ty::Int | Ty::Bool) && !matches!(value, Value::Option(_));
    if is_error && is_boxed && !crate::engine::pattern::same_type(&declared, &inner) {
        let Some(path) = asker.type_path(&inner) else { return Err(unknown_type()) };
        let mut tests = asker.tests("inner", value, DEPTH);
        for test in &mut tests {
            test.cond = format!("{name}.downcast_ref::<{path}>().is_some_and(|inner| {})", test.cond);
        }
        return if tests.is_empty() { Err(unknown_type()) } else { Ok(tests) };
    }
    // A closure between the attempt and here may have made another error of it.
    let is_own = matches!(inner, Ty::Adt(..));
    let differs = is_error && !is_own && declared.is_known() && !crate::engine::pattern::same_type(&declared, &inner);
    let mut tests = asker.tests(name, value, DEPTH);
    for test in &mut tests {
        if differs || (is_error && !is_own && !declared.is_known()) {
            test.doubt.get_or_insert_with(|| format!("the type of `{name}` is not written down"));
        }
    }
    match tests.is_empty() {
        true => Err(match &inner {
            Ty::Ext(path) => format!("it is not known how a `{path}` tells that the credential was refused"),
            _ => format!("nothing tells a refused credential from other failures in `{name}`"),
        }),
        false => Ok(tests),
    }
}

/// The status of whatever HTTP error is the cause of an error of any type.
fn anywhere(scene: &Scene<'_>, name: &str) -> Option<Test> {
    let file = scene.db.program().file(scene.file);
    let depends = file.package.as_ref().is_none_or(|package| package.dependencies.contains_key("reqwest"));
    let refused = scene.db.lookup.models.refused("reqwest::Error").filter(|_| depends)?;
    let cond = format!(
        "{name}.chain().filter_map(|cause| cause.downcast_ref::<reqwest::Error>()).any(|cause| {})",
        refused.test.replace("{}", "cause")
    );
    let doubt = Some("a refusal may be something else than a `reqwest::Error` inside".to_owned());
    Some(Test { cond, doubt })
}

/// `let status = response.status()`: the name was bound by asking a response.
fn status_of_response(scene: &Scene<'_>, sight: usize, name: Name) -> bool {
    let declared = [format!("let {name} = "), format!("let {name}: ")];
    scene.sights[..=sight].iter().rev().any(|s| {
        let text = scene.text(s.span);
        if !declared.iter().any(|start| text.starts_with(start.as_str())) {
            return false;
        }
        let Some(asked) = text.trim_end_matches(';').strip_suffix(".status()") else { return false };
        let Some(receiver) = asked.rsplit([' ', '(', '=']).next() else { return false };
        s.names
            .iter()
            .rev()
            .find(|(n, _)| n.as_str() == receiver)
            .is_some_and(|(_, value)| matches!(value, Value::Failure(f) if f.response && f.ty.is_known()))
    })
}

/// Asks one failure, in all scenarios in which its value is known.
struct Asker<'s> {
    scene: &'s Scene<'s>,
    refused: Option<Value>,
    forbidden: Option<Value>,
    passing: Vec<(Scenario, Value)>,
}

impl Asker<'_> {
    fn db(&self) -> &Db<'_> {
        self.scene.db
    }

    fn tests(&self, expr: &str, value: &Value, depth: usize) -> Vec<Test> {
        let value = &again::shape(self.db(), self.scene.facts.home, value, Scenario::DeadKey);
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
        if let Some(refused) = self.db().lookup.models.refused(path) {
            return vec![Test { cond: refused.test.replace("{}", expr), doubt: refused.doubt.clone() }];
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
        let program = self.db().program();
        let (mut exact, mut by_status, mut wider) = (Vec::new(), Vec::new(), Vec::new());
        for function in program.functions_of(id) {
            let data = program.function(*function);
            let text = |span| program.file(data.file).source.slice(span);
            let by_ref = data.def.params.first().is_some_and(|p| text(p.pat.span).starts_with('&'));
            let is_visible = data.def.is_pub || data.module == self.scene.home.module;
            let [_] = data.def.params.as_slice() else { continue };
            if !by_ref || !is_visible || data.trait_.is_some() || data.is_test || data.def.is_async {
                continue;
            }
            let call = format!("{expr}.{}()", data.def.name);
            match self.db().lookup.returns(*function) {
                Ty::Bool => match self.answers(*function, value) {
                    Some((true, [false, false])) => exact.push(Test::sure(call)),
                    Some((false, [true, true])) if is_about_retrying(data.def.name) => {
                        wider.push(Test::sure(format!("!{call}")));
                    }
                    _ => {}
                },
                ty if data.def.name.as_str().contains("status") || data.def.name.as_str().contains("code") => {
                    let answer = again::ask(self.db(), *function, value, Scenario::DeadKey);
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
    fn answers(&self, function: FnId, value: &Value) -> Option<(bool, [bool; 2])> {
        let about = |value: &Value, scenario| match again::ask(self.db(), function, value, scenario)? {
            Value::Bool(b) => Some(b),
            _ => None,
        };
        // A part of the failure has no value of its own in the other scenarios.
        let is_whole = |known: &Option<Value>| known.as_ref().is_some_and(|k| k.ty() == value.ty());
        if !is_whole(&self.refused) {
            return None;
        }
        let refused = about(self.refused.as_ref()?, Scenario::DeadKey)?;
        if let Some(forbidden) = &self.forbidden
            && about(forbidden, Scenario::Forbidden)? != refused
        {
            return None;
        }
        let mut passing = self.passing.iter().map(|(scenario, value)| about(value, *scenario));
        Some((refused, [passing.next()??, passing.next()??]))
    }

    /// The field of a struct that holds the status.
    fn fields(&self, expr: &str, id: TypeId, value: &Value, depth: usize) -> Vec<Test> {
        let data = self.db().program().ty(id);
        let Some(variant) = data.def.variants.first().filter(|_| !data.def.is_enum) else { return Vec::new() };
        let scope = self.db().lookup.type_scope(id, &[]);
        let mut tests = Vec::new();
        for field in &variant.fields {
            let ty = scope.read(self.db().program(), &field.ty);
            let known = match value {
                Value::Struct(s) => s.fields.iter().find(|(n, _)| *n == field.name).map(|(_, v)| v.clone()),
                _ => None,
            };
            let name = field.name.as_str();
            let is_status = name.contains("status") || name.contains("code");
            let hidden =
                || (data.module != self.scene.home.module).then(|| format!("the field `{name}` may be private"));
            if is_status && known.as_ref().is_none_or(|v| status(v) == Some(401)) {
                tests.extend(of_status(&format!("{expr}.{name}"), &ty).map(|t| t.or_doubt(hidden)));
            } else if let Some(known) = known.filter(|v| status(v).is_some() && !matches!(ty, Ty::Int)) {
                let inner = self.tests(&format!("{expr}.{name}"), &known, depth - 1);
                tests.extend(inner.into_iter().map(|t| t.or_doubt(hidden)));
            }
        }
        tests
    }

    /// The variant that a refusal arrives as: by itself where nothing else does, else by the status in it.
    fn variant(&self, expr: &str, id: TypeId, index: usize, value: &Struct, depth: usize) -> Vec<Test> {
        let Some(path) = self.type_path(&Ty::Adt(id, [].into())) else { return Vec::new() };
        let variant = self.db().program().variant(id, index);
        let at = |value: &Option<Value>| self.variant_of(value, id);
        let others: Vec<Option<usize>> =
            self.passing.iter().map(|(_, v)| self.variant_of(&Some(v.clone()), id)).collect();
        let alone = others.len() == 2 && others.iter().all(|i| i.is_some_and(|i| i != index));
        let doubt = || path.starts_with("crate::").then(|| format!("`{path}` may be private"));
        if alone {
            let mut patterns = vec![self.open_pattern(&path, id, index)];
            if let Some(forbidden) = at(&self.forbidden).filter(|i| *i != index && !others.contains(&Some(*i))) {
                patterns.push(self.open_pattern(&path, id, forbidden));
            }
            return vec![Test::sure(format!("matches!({expr}, {})", patterns.join(" | "))).or_doubt(doubt)];
        }
        let scope = self.db().lookup.type_scope(id, &[]);
        let mut tests = Vec::new();
        for field in &variant.fields {
            let Some((_, inner)) = value.fields.iter().find(|(n, _)| *n == field.name) else { continue };
            let ty = scope.read(self.db().program(), &field.ty);
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
        tests
    }

    fn variant_of(&self, value: &Option<Value>, id: TypeId) -> Option<usize> {
        let shaped = again::shape(self.db(), self.scene.facts.home, value.as_ref()?, Scenario::DeadKey);
        match shaped {
            Value::Struct(s) => s.variant.filter(|(other, _)| *other == id).map(|(_, index)| index),
            _ => None,
        }
    }

    fn open_pattern(&self, path: &str, id: TypeId, index: usize) -> String {
        let variant = self.db().program().variant(id, index);
        match (variant.fields.is_empty(), variant.is_tuple) {
            (true, _) => format!("{path}::{}", variant.name),
            (false, true) => format!("{path}::{}(..)", variant.name),
            (false, false) => format!("{path}::{} {{ .. }}", variant.name),
        }
    }

    /// How the site's module can name a type.
    fn type_path(&self, ty: &Ty) -> Option<String> {
        let program = self.db().program();
        match ty {
            Ty::Ext(path) => Some(path.to_string()).filter(|p| !p.ends_with("::?")),
            Ty::Adt(id, _) => {
                let data = program.ty(*id);
                let is_it = |path: &[Name]| matches!(program.resolve(self.scene.home.module, path), Some(Res::Def(Def::Type(found))) if found == *id);
                if is_it(&[data.def.name]) {
                    return Some(data.def.name.to_string());
                }
                if program.krate(data.module) != program.krate(self.scene.home.module) {
                    return None;
                }
                let mut path = vec![Name::new("crate")];
                path.extend(program.module_path(data.module));
                path.push(data.def.name);
                is_it(&path).then(|| path.iter().map(|n| n.as_str()).collect::<Vec<_>>().join("::"))
            }
            _ => None,
        }
    }
}

/// The status that a value stands for, through an `Option`.
fn status(value: &Value) -> Option<u16> {
    match value {
        Value::Option(Some(inner)) => status(inner),
        other => other.status(),
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
