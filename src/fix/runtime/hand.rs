//! How a failure is handed to the guard: as it is, where `failfast` or the code itself classifies its type; by its status;
//! or only where a test of the code's own says that it is a refusal.

use crate::engine::types::Ty;
use crate::engine::value::{Failure, Value};
use crate::finding::{Dependency, Edit};
use crate::fix::ask;
use crate::fix::runtime::classify;
use crate::fix::scene::{Failed, Scene};
use crate::syntax::program::TypeId;
use crate::workspace::Package;

/// A way to hand the failure to the guard.
#[derive(Clone, Debug, Default)]
pub struct Hand {
    /// What the guard is asked about: a reference, or a failure made for it.
    pub error: String,
    /// It is made for it, and gets a name.
    pub is_made: bool,
    /// What the decision stands in: `if let Err(error) = &result {`
    pub head: Option<String>,
    /// What else has to change.
    pub edits: Vec<Edit>,
    /// Why it may not compile, or may not say what is true.
    pub doubt: Option<String>,
    /// What packages have to depend on.
    pub needs: Vec<Dependency>,
}

impl Hand {
    /// The decision, in what it has to stand in.
    pub fn within(&self, code: Vec<(usize, String)>) -> Vec<(usize, String)> {
        let Some(head) = &self.head else { return code };
        let mut all = vec![(0, head.clone())];
        all.extend(code.into_iter().map(|(depth, line)| (depth + 1, line)));
        all.push((0, "}".to_owned()));
        all
    }
}

/// The ways that a failure at a sight allows, the best first; else why there is none.
pub fn hands(scene: &Scene<'_>, sight: usize, failed: &Failed) -> Result<Vec<Hand>, String> {
    let name = failed.name.as_str();
    let held = match &failed.value {
        Value::Result(Ok(value)) => Some(("Ok", "response", value)),
        Value::Result(Err(value)) => Some(("Err", "error", value)),
        Value::Option(Some(value)) => Some(("Some", "error", value)),
        _ => None,
    };
    let mut out: Vec<Hand> = match held {
        Some((variant, inner, value)) => {
            // A name that the way out uses must not be hidden.
            let inner = if scene.text(scene.home.span).contains(inner) { "inner" } else { inner };
            let head = Some(format!("if let {variant}({inner}) = &{name} {{"));
            let hand = whole(scene, value, inner, true);
            hand.into_iter()
                .filter(|hand| hand.head.is_none())
                .map(|hand| Hand { head: head.clone(), ..hand })
                .collect()
        }
        None => whole(scene, &failed.value, name, failed.by_ref).into_iter().collect(),
    };
    // By a test of the code's own.
    match ask::tests(scene, sight, failed) {
        Ok(tests) => out.extend(tests.into_iter().map(|test| Hand {
            error: "failfast::Failure::new(failfast::Class::Auth)".to_owned(),
            is_made: true,
            head: Some(format!("if {} {{", test.cond)),
            doubt: test.doubt,
            ..Hand::default()
        })),
        Err(why) if out.is_empty() => return Err(why),
        Err(_) => {}
    }
    let file = scene.db.program().file(scene.file);
    for hand in &mut out {
        match &file.package {
            Some(package) => depend(&mut hand.needs, package),
            None => {
                let why = "the file belongs to no package that could depend on `failfast`";
                hand.doubt.get_or_insert(why.to_owned());
            }
        }
    }
    Ok(out)
}

/// Adds a package to those that have to depend on `failfast`.
pub fn depend(needs: &mut Vec<Dependency>, package: &Package) {
    if !needs.iter().any(|need| need.manifest == package.manifest) {
        needs.push(Dependency { manifest: package.manifest.clone(), features: Vec::new() });
    }
}

/// The failure itself, or what is known of its status.
fn whole(scene: &Scene<'_>, value: &Value, expr: &str, by_ref: bool) -> Option<Hand> {
    let reference = if by_ref { expr.to_owned() } else { format!("&{expr}") };
    let (declared, is_boxed) = scene.declared_error();
    let is_response = matches!(value, Value::Failure(f) if f.response);
    let ty = match value.ty() {
        // What the run lost sight of is still of the type that the call is declared with.
        Ty::Unknown if value.is_tainted() && !is_response => declared.clone(),
        ty => ty,
    };
    let is_error = !is_response && !matches!(ty, Ty::Int);
    if is_error && is_boxed && !crate::engine::pattern::same_type(&declared, &ty) {
        // What is inside of an error of any type.
        let Ty::Ext(path) = &ty else { return None };
        let inner = external(scene, path.as_str(), "inner", "inner".to_owned())?;
        let head = Some(format!("if let Some(inner) = {expr}.downcast_ref::<{path}>() {{"));
        return Some(Hand { head, ..inner });
    }
    match &ty {
        Ty::Adt(id, _) => own(scene, *id, value, reference),
        Ty::Ext(path) => external(scene, path.as_str(), expr, reference),
        _ => None,
    }
}

/// A type of another crate.
fn external(scene: &Scene<'_>, path: &str, expr: &str, reference: String) -> Option<Hand> {
    let package = scene.db.program().file(scene.file).package.as_ref();
    let with = |feature: &'static str| {
        let package = package.filter(|package| is_adapted(package, feature))?;
        let needs = vec![Dependency { manifest: package.manifest.clone(), features: vec![feature] }];
        Some(Hand { error: reference.clone(), needs, ..Hand::default() })
    };
    let by = |error: String| Some(Hand { error: format!("failfast::{error}"), is_made: true, ..Hand::default() });
    let status = |status: &str| by(format!("Failure::from_status({expr}{status})"));
    match path {
        // A blocking response is of another type, which no model tells from this one.
        "reqwest::Response" => with("reqwest").filter(|_| is_awaited(scene)).or_else(|| status(".status().as_u16()")),
        "reqwest::Error" => with("reqwest").or_else(|| status(".status().map(|s| s.as_u16())")),
        "reqwest_middleware::Error" => status(".status().map(|s| s.as_u16())"),
        "http::Response" | "hyper::Response" => with("http").or_else(|| status(".status().as_u16()")),
        "tonic::Status" => {
            with("tonic").or_else(|| by(format!("classify::grpc({expr}.code() as i32, {expr}.message())")))
        }
        "tonic::Code" => by(format!("classify::grpc({expr} as i32, \"\")")),
        _ => None,
    }
}

/// Whether a package uses a crate in the version that `failfast` adapts.
pub fn is_adapted(package: &Package, feature: &str) -> bool {
    let adapted = match feature {
        "reqwest" => "0.13",
        "tonic" => "0.14",
        "http" => "1",
        _ => return false,
    };
    let asked = package.requirements.get(feature).map(|asked| asked.trim_start_matches(['^', '=', '~', ' ']));
    asked.is_some_and(|asked| asked == adapted || asked.starts_with(&format!("{adapted}.")))
}

fn is_awaited(scene: &Scene<'_>) -> bool {
    let after = &scene.source.text[scene.facts.attempt.end as usize..];
    after.trim_start().starts_with(".await")
}

/// A type of the unit.
fn own(scene: &Scene<'_>, id: TypeId, value: &Value, error: String) -> Option<Hand> {
    if classify::implemented(scene.db, id) {
        return Some(Hand { error, ..Hand::default() });
    }
    let value = match value {
        Value::Unknown(u) => {
            let status = scene.shown.run.status;
            Value::Failure(Failure { ty: u.ty.clone(), status, response: false, text: None })
        }
        other => other.clone(),
    };
    let written = classify::implement(scene, id, &value)?;
    Some(Hand { error, edits: written.edits, doubt: written.doubt, needs: written.needs, ..Hand::default() })
}
