//! How the code itself can ask a failure whether the credential was refused: by a method of its own error type, by the
//! status that the error carries, by the variant that a refusal arrives as.

use crate::engine::scenario::Scenario;
use crate::engine::text::{Piece, Text};
use crate::engine::types::Ty;
use crate::engine::value::{Failure, Value};
use crate::fix::exit::is_std_error;
use crate::fix::scene::{Failed, Scene, is_any_error};
use crate::fix::tell::{Asker, DEPTH, text_of};
use crate::ir::Name;

/// A condition that holds when the credential was refused.
#[derive(Clone, Debug)]
pub struct Test {
    /// The condition.
    pub cond: String,
    /// Why it may not compile, or may hold for more than a refusal.
    pub doubt: Option<String>,
}

impl Test {
    /// A test beyond doubt.
    pub fn sure(cond: String) -> Test {
        Test { cond, doubt: None }
    }

    /// The same with a doubt, where it has none yet.
    pub fn or_doubt(mut self, doubt: impl FnOnce() -> Option<String>) -> Test {
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
        let tests = of_value(scene, sight, failed.name, value, inner)
            .or_else(|why| by_display(scene, value, inner).map(|test| vec![test]).ok_or(why))?;
        let wrap = |test: Test| Test { cond: format!("{name}.as_ref().{method}(|{inner}| {})", test.cond), ..test };
        return Ok(tests.into_iter().map(wrap).collect());
    }
    of_value(scene, sight, failed.name, value, name)
        .or_else(|why| by_display(scene, value, name).map(|test| vec![test]).ok_or(why))
}

/// What the error of an attempt says when it is printed.
fn by_display(scene: &Scene<'_>, value: &Value, name: &str) -> Option<Test> {
    let (declared, _) = scene.declared_error();
    let asker = Asker {
        db: scene.db,
        home: scene.facts.home,
        refused: None,
        forbidden: None,
        passing: Vec::new(),
        guesses: false,
    };
    printed(&asker, &declared, value, name)
}

/// The tests of the error of a library's operation.
pub fn of_error(asker: &Asker<'_>, value: &Value, name: &str) -> Vec<Test> {
    let ty = value.ty();
    let any = matches!(&ty, Ty::Ext(path) if is_any_error(path.as_str()));
    let mut tests = match any {
        true => anywhere(asker, name).into_iter().collect(),
        false => asker.tests(name, value, DEPTH),
    };
    if tests.is_empty() {
        tests.extend(printed(asker, &ty, value, name));
    }
    tests
}

/// What an error says when it is printed: the last resort.
fn printed(asker: &Asker<'_>, declared: &Ty, value: &Value, name: &str) -> Option<Test> {
    let any = [&value.ty(), declared].iter().any(|ty| matches!(ty, Ty::Ext(path) if is_any_error(path.as_str())));
    let said = |status: Option<u16>| Text(vec![status.map_or(Piece::Asked, Piece::Message)]);
    let text = match value {
        Value::Failure(f) if f.response || matches!(f.ty, Ty::Int | Ty::Bool) => return None,
        Value::Failure(f) => f.text.clone().unwrap_or_else(|| said(f.status)),
        Value::Str(text) => text.clone(),
        Value::Unknown(u) if u.tainted && declared.is_known() => said(None),
        Value::Foreign(_, parts) => parts.iter().find_map(text_of)?,
        Value::Struct(s) => s.fields.iter().find_map(|(_, part)| text_of(part))?,
        _ => return None,
    };
    // As far as the text shows, it can be printed.
    let is_printed = |ty: &Ty| match ty {
        Ty::Adt(id, _) => is_std_error(asker.db, *id),
        _ => true,
    };
    if !is_printed(&value.ty()) || !is_printed(declared) {
        return None;
    }
    let doubt = asker.worded(name, &text)?.doubt;
    let printed = match (value.ty(), any) {
        (Ty::Str, _) if *declared == Ty::Str => name.to_owned(),
        // With its causes.
        (_, true) => format!("format!(\"{{{name}:#}}\")"),
        _ => format!("{name}.to_string()"),
    };
    Some(Test { cond: format!("[\"401\", \"403\"].iter().any(|status| {printed}.contains(status))"), doubt })
}

/// The tests of a value, written with `name`; `known_as` is the variable that holds it, or holds a result with it.
fn of_value(scene: &Scene<'_>, sight: usize, known_as: Name, value: &Value, name: &str) -> Result<Vec<Test>, String> {
    let at = scene.sights[sight].span;
    let value_in = |scenario| match scene.value_in(scenario, at, known_as)? {
        Value::Result(Ok(inner) | Err(inner)) => Some((*inner).clone()),
        other => Some(other),
    };
    let asker = Asker {
        db: scene.db,
        home: scene.facts.home,
        refused: value_in(Scenario::DeadKey),
        forbidden: value_in(Scenario::Forbidden),
        passing: [Scenario::RateLimited, Scenario::ServerError]
            .into_iter()
            .filter_map(|s| Some((s, value_in(s)?)))
            .collect(),
        guesses: false,
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
            // A text that an error was made of may be a text no longer here: an error can be printed either way.
            let is_text = declared == Ty::Str;
            let text = text_of(value).filter(|_| is_text).and_then(|text| asker.worded(name, &text));
            let lost = || format!("`{name}` is only text here: the status has to be tested where it is still known");
            return text.map(|test| vec![test]).ok_or_else(lost);
        }
        Ty::Ext(path) if is_any_error(path.as_str()) => {
            let worded = matches!(value, Value::Failure(f) if f.text.is_some());
            if let Some(test) = anywhere(&asker, name).filter(|_| !worded) {
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
    let differs = is_error && declared.is_known() && !crate::engine::pattern::same_type(&declared, &inner);
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
fn anywhere(asker: &Asker<'_>, name: &str) -> Option<Test> {
    let program = asker.db.program();
    let file = program.file(program.function(asker.home).file);
    let depends = file.package.as_ref().is_none_or(|package| package.dependencies.contains_key("reqwest"));
    let refused = asker.db.lookup.models.refused("reqwest::Error").filter(|_| depends)?;
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
