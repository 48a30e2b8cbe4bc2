//! `impl failfast::Classify` for an error type of the unit, from what the engine learnt of it: which variant a refusal
//! arrives as, and where that carries its status.

use crate::engine::db::Db;
use crate::engine::pattern::VariantKind;
use crate::engine::scenario::Scenario;
use crate::engine::site::again;
use crate::engine::types::{Scope, Ty};
use crate::engine::value::Value;
use crate::finding::{Dependency, Edit};
use crate::fix::edit::{Layout, lines};
use crate::fix::runtime::hand::{depend, is_adapted};
use crate::fix::runtime::lay;
use crate::fix::scene::Scene;
use crate::ir::{Field, Name, Span, Type, Variant};
use crate::syntax::program::{FnId, TypeId};
use crate::workspace::Package;
use crate::workspace::source::Place;

/// Errors inside errors that get an `impl` of their own.
const DEPTH: usize = 2;

/// Names of fields that hold what the service said, the best first.
const BODIES: &[&str] = &["body", "response_body", "message", "msg", "detail", "details", "text", "error"];

/// An `impl` to be written, with those of the types inside.
#[derive(Debug, Default)]
pub struct Written {
    /// The edits.
    pub edits: Vec<Edit>,
    /// Why it may not compile, or may not say what is true.
    pub doubt: Option<String>,
    /// What packages have to depend on.
    pub needs: Vec<Dependency>,
}

/// Whether a type classifies itself already.
pub fn implemented(db: &Db<'_>, id: TypeId) -> bool {
    let is_classify = |f: &FnId| {
        let data = db.program().function(*f);
        data.def.name == "classify" && data.trait_.as_ref().is_some_and(|trait_| trait_.path.last() == "Classify")
    };
    db.program().functions_of(id).iter().any(is_classify)
}

/// The `impl` for a type, where a refusal in it can be told. `value` is the failure as the run saw it.
pub fn implement(scene: &Scene<'_>, id: TypeId, value: &Value) -> Option<Written> {
    let shaped = again::shape(scene.db, scene.facts.home, value, Scenario::DeadKey);
    let learnt = match &shaped {
        Value::Struct(s) => s.variant.filter(|(other, _)| *other == id).map(|(_, index)| index),
        _ => None,
    };
    let mut out = Written::default();
    write(scene, id, learnt, DEPTH, &mut out).then_some(out)
}

/// Writes the `impl` for a type; answers whether it tells a refusal. `learnt` is the variant that a refusal arrives as.
fn write(scene: &Scene<'_>, id: TypeId, learnt: Option<usize>, depth: usize, out: &mut Written) -> bool {
    let program = scene.db.program();
    let data = program.ty(id);
    let file = program.file(data.file);
    let package = file.package.clone();
    let text = file.source.slice(data.span);
    let name = data.def.name.as_str();
    let after = text.find(name).map_or("", |at| text[at + name.len()..].trim_start());
    // A type that another package sees as a dependency from elsewhere, a generic one, or one that a macro writes.
    if after.starts_with('<') || !text.ends_with(['}', ';']) || !data.def.generics.is_empty() {
        return false;
    }
    let mut writer = Writer {
        scene,
        scope: scene.db.lookup.type_scope(id, &[]),
        package: package.as_deref(),
        speaks: displays(scene, id),
        depth,
        out,
        features: Vec::new(),
    };
    let body = if data.def.is_enum { writer.of_enum(id, learnt) } else { writer.of_struct(id) };
    let features = std::mem::take(&mut writer.features);
    let Some(body) = body else { return false };
    if let Some(package) = &package {
        depend(&mut out.needs, package);
        if let Some(need) = out.needs.iter_mut().find(|need| need.manifest == package.manifest) {
            need.features.extend(features.into_iter().filter(|f| !need.features.contains(f)).collect::<Vec<_>>());
        }
    }
    let layout = Layout::of(&file.source.text);
    let mut code = vec![
        (0, format!("impl failfast::Classify for {name} {{")),
        (1, "fn classify(&self) -> failfast::Failure {".to_owned()),
    ];
    code.extend(body.into_iter().map(|(depth, line)| (depth + 2, line)));
    code.extend([(1, "}".to_owned()), (0, "}".to_owned())]);
    let gap = format!("{0}{0}{1}", layout.newline(), layout.indent(data.span.start));
    let end = Span { start: data.span.end, end: data.span.end };
    let place = Place { source: file.source.clone(), span: end };
    out.edits.push(Edit { place, text: gap + &lines(layout, data.span.start, &code) });
    true
}

/// Whether a type is known to implement `Display`.
fn displays(scene: &Scene<'_>, id: TypeId) -> bool {
    let program = scene.db.program();
    let is_display = |f: &FnId| {
        let trait_ = program.function(*f).trait_.as_ref();
        trait_.is_some_and(|trait_| trait_.path.last() == "Display")
    };
    let derives = &program.ty(id).def.derives;
    derives.iter().any(|d| matches!(d.as_str(), "Error" | "Snafu" | "Display"))
        || program.functions_of(id).iter().any(is_display)
}

type Lines = Vec<(usize, String)>;

/// What the error says of itself in one case.
enum Answer {
    /// It tells a refusal, or whatever else: the fields it is made of, and the expression with the calls on it.
    Tells { fields: Vec<(Name, String)>, root: String, calls: Vec<String> },
    /// It is of one class by its name.
    Is(&'static str),
}

struct Writer<'s> {
    scene: &'s Scene<'s>,
    scope: Scope,
    package: Option<&'s Package>,
    /// The type has a `Display`.
    speaks: bool,
    depth: usize,
    out: &'s mut Written,
    features: Vec<&'static str>,
}

impl Writer<'_> {
    fn of_enum(&mut self, id: TypeId, learnt: Option<usize>) -> Option<Lines> {
        let data = self.scene.db.program().ty(id);
        let source = &self.scene.db.program().file(data.file).source;
        let variants = &data.def.variants;
        // An arm for a variant that only some builds have is under the same condition.
        let gates = |variant: &Variant| -> Lines {
            variant.gates.iter().map(|gate| (0, source.slice(*gate).to_owned())).collect()
        };
        let mut gated: Vec<(&'static str, Lines, String)> = Vec::new();
        let mut told: Lines = Vec::new();
        let mut classes: Vec<(&'static str, Vec<String>)> =
            ["Auth", "RateLimited", "Transient", "Fatal"].map(|class| (class, Vec::new())).to_vec();
        let mut tells = false;
        for (index, variant) in variants.iter().enumerate() {
            match self.variant(variant, learnt == Some(index)) {
                Answer::Tells { fields, root, calls } => {
                    tells |= learnt.is_none_or(|learnt| learnt == index);
                    told.extend(gates(variant));
                    told.extend(lay::arm(&pattern(variant, &fields), &root, &calls));
                }
                Answer::Is(class) => {
                    tells |= class == "Auth" && learnt.is_none_or(|learnt| learnt == index);
                    if !variant.gates.is_empty() {
                        gated.push((class, gates(variant), pattern(variant, &[])));
                        continue;
                    }
                    let of = classes.iter_mut().find(|(known, _)| *known == class);
                    of.into_iter().for_each(|(_, patterns)| patterns.push(pattern(variant, &[])));
                }
            }
        }
        if !tells {
            return None;
        }
        for (class, patterns) in classes {
            // What may be added later is as these are.
            let has_rest = class == "Fatal" && patterns.len() > 4;
            let patterns = if has_rest { vec!["_".to_owned()] } else { patterns };
            let calls = match class {
                "Auth" if self.speaks => vec![".with_message(self.to_string())".to_owned()],
                _ => Vec::new(),
            };
            let root = format!("failfast::Failure::new(failfast::Class::{class})");
            for (_, gates, pattern) in gated.iter().filter(|(of, ..)| *of == class && !has_rest) {
                told.extend(gates.iter().cloned());
                told.extend(lay::arm(pattern, &root, &calls));
            }
            if !patterns.is_empty() {
                told.extend(lay::arms(&patterns, &root, &calls));
            }
        }
        let mut code = vec![(0, "match self {".to_owned())];
        code.extend(told.into_iter().map(|(depth, line)| (depth + 1, line)));
        code.push((0, "}".to_owned()));
        Some(code)
    }

    fn of_struct(&mut self, id: TypeId) -> Option<Lines> {
        let variant = self.scene.db.program().ty(id).def.variants.first()?;
        let own = |name: Name| format!("self.{name}");
        let Answer::Tells { root, calls, .. } = self.fields(variant, true, &own)? else { return None };
        Some(lay::chain("", &root, &calls, ""))
    }

    fn variant(&mut self, variant: &Variant, is_learnt: bool) -> Answer {
        let bind = |name: Name| name.to_string();
        if let Some(answer) = self.fields(variant, is_learnt, &bind) {
            return answer;
        }
        let words = &self.scene.db.lookup.models.words;
        let name = variant.name.as_str();
        match self.scene.db.variant_kind(name) {
            // `NoApiKey`: nobody was asked.
            VariantKind::Own if lacks(name) => Answer::Is("Fatal"),
            VariantKind::Own => Answer::Is("Auth"),
            _ if words.names("limited", name) => Answer::Is("RateLimited"),
            _ if words.names("passing", name) || words.names("outage", name) => Answer::Is("Transient"),
            _ => Answer::Is("Fatal"),
        }
    }

    /// By the field that holds the status, or another error.
    fn fields(&mut self, variant: &Variant, is_learnt: bool, bind: &dyn Fn(Name) -> String) -> Option<Answer> {
        let program = self.scene.db.program();
        let in_struct = bind(Name::new("x")) != "x";
        // `code` may be anybody's number.
        let (named, others): (Vec<&Field>, Vec<&Field>) =
            variant.fields.iter().partition(|field| field.name.as_str().contains("status"));
        for field in named.into_iter().chain(others) {
            let ty = self.scope.read(program, &field.ty);
            let known_as = if variant.is_tuple && !in_struct { "status".to_owned() } else { bind(field.name) };
            if let Some(status) = status(field, &ty, &known_as, is_learnt, in_struct) {
                return Some(self.by_status(variant, field, known_as, status, bind, in_struct));
            }
        }
        for field in &variant.fields {
            let ty = self.scope.read(program, &field.ty);
            let known_as = if variant.is_tuple && !in_struct { "inner".to_owned() } else { bind(field.name) };
            if let Some(root) = self.by_error(field, &ty, &known_as, in_struct, is_learnt) {
                let fields = vec![(field.name, known_as)];
                return Some(Answer::Tells { fields, root, calls: Vec::new() });
            }
        }
        None
    }

    fn by_status(
        &self,
        variant: &Variant,
        field: &Field,
        known_as: String,
        status: Status,
        bind: &dyn Fn(Name) -> String,
        in_struct: bool,
    ) -> Answer {
        let mut fields = vec![(field.name, known_as)];
        let is_text = |field: &&Field| matches!(&field.ty, Type::Path(path) if path.last() == "String");
        let body = match variant.is_tuple {
            true => variant.fields.iter().filter(is_text).map(|f| f.name).next(),
            false => BODIES.iter().find_map(|name| {
                variant.fields.iter().filter(is_text).find(|f| f.name.as_str() == *name).map(|f| f.name)
            }),
        };
        let mut calls = Vec::new();
        let root = match (status, body) {
            (Status::Surely(status), Some(body)) => {
                let known_as = if variant.is_tuple && !in_struct { "body".to_owned() } else { bind(body) };
                let reference = if in_struct { format!("&{known_as}") } else { known_as.clone() };
                fields.push((body, known_as));
                format!("failfast::Failure::from_http({status}, &[], {reference})")
            }
            (Status::Surely(status) | Status::Perhaps(status), _) => {
                if self.speaks {
                    calls.push(".with_message(self.to_string())".to_owned());
                }
                format!("failfast::Failure::from_status({status})")
            }
        };
        for (names, method) in [
            (&["provider", "service"][..], "with_provider"),
            (&["model"][..], "with_model"),
            (&["endpoint", "url"][..], "with_endpoint"),
        ] {
            let found = variant.fields.iter().filter(is_text).find(|f| names.contains(&f.name.as_str()));
            if let Some(field) = found.filter(|_| !variant.is_tuple) {
                let known_as = bind(field.name);
                calls.push(format!(".{method}({}{known_as})", if in_struct { "&" } else { "" }));
                fields.push((field.name, known_as));
            }
        }
        Answer::Tells { fields, root, calls }
    }

    /// An error inside that can be classified.
    fn by_error(&mut self, field: &Field, ty: &Ty, known_as: &str, in_struct: bool, is_learnt: bool) -> Option<String> {
        let boxed = matches!(&field.ty, Type::Path(path) if matches!(path.last().as_str(), "Box" | "Arc" | "Rc"));
        let reference = match (boxed, in_struct) {
            (true, true) => format!("&*{known_as}"),
            (true, false) => format!("&**{known_as}"),
            (false, true) => format!("&{known_as}"),
            (false, false) => known_as.to_owned(),
        };
        let delegates = format!("failfast::Classify::classify({reference})");
        match ty {
            Ty::Ext(path) => {
                let feature = match path.as_str() {
                    "reqwest::Error" => "reqwest",
                    "tonic::Status" => "tonic",
                    _ => return None,
                };
                if self.package.is_some_and(|package| is_adapted(package, feature)) {
                    if !self.features.contains(&feature) {
                        self.features.push(feature);
                    }
                    return Some(delegates);
                }
                Some(match feature {
                    "reqwest" => {
                        format!("failfast::Failure::from_status({known_as}.status().map(|s| s.as_u16()))")
                    }
                    _ => format!("failfast::classify::grpc({known_as}.code() as i32, {known_as}.message())"),
                })
            }
            Ty::Adt(id, _) if implemented(self.scene.db, *id) => Some(delegates),
            // Only on the way of the refusal: other types need no `impl` for it.
            Ty::Adt(id, _) if is_learnt && self.depth > 0 => {
                write(self.scene, *id, None, self.depth - 1, self.out).then_some(delegates)
            }
            _ => None,
        }
    }
}

/// A credential that is not there cannot be refused.
fn lacks(name: &str) -> bool {
    let words = crate::models::split_words(name);
    words.iter().any(|w| matches!(w.as_str(), "no" | "missing" | "without" | "empty" | "unset" | "absent"))
}

/// The status in a field, as an expression.
enum Status {
    /// `u16`
    Surely(String),
    /// `Option<u16>`
    Perhaps(String),
}

fn status(field: &Field, ty: &Ty, known_as: &str, is_learnt: bool, in_struct: bool) -> Option<Status> {
    let is_code = |ty: &Ty| matches!(ty, Ty::Ext(path) if path.as_str().ends_with("StatusCode"));
    let name = field.name.as_str();
    let by_name = name.contains("status") || (is_learnt && (name.contains("code") || name == "0"));
    let copy = if in_struct { known_as.to_owned() } else { format!("*{known_as}") };
    let last = |ty: &Type| match ty {
        Type::Path(path) => path.last().to_string(),
        _ => String::new(),
    };
    match ty {
        ty if is_code(ty) => Some(Status::Surely(format!("{known_as}.as_u16()"))),
        Ty::Option(inner) if is_code(inner) => Some(Status::Perhaps(format!("{known_as}.map(|s| s.as_u16())"))),
        Ty::Int if by_name && last(&field.ty) == "u16" => Some(Status::Surely(copy)),
        Ty::Int if by_name => Some(Status::Perhaps(format!("u16::try_from({copy}).ok()"))),
        Ty::Option(inner) if **inner == Ty::Int && by_name => match &field.ty {
            Type::Path(path) if path.args.first().is_some_and(|arg| last(arg) == "u16") => Some(Status::Perhaps(copy)),
            _ => None,
        },
        _ => None,
    }
}

/// `Self::Api { status, body, .. }`
fn pattern(variant: &Variant, fields: &[(Name, String)]) -> String {
    let name = variant.name;
    if variant.fields.is_empty() {
        return format!("Self::{name}");
    }
    if variant.is_tuple {
        if fields.is_empty() {
            return format!("Self::{name}(..)");
        }
        let bound =
            |field: &Field| fields.iter().find(|(n, _)| *n == field.name).map_or("_", |(_, known)| known.as_str());
        let mut parts: Vec<&str> = variant.fields.iter().map(bound).collect();
        let unused = parts.iter().rev().take_while(|part| **part == "_").count();
        if unused > 0 {
            parts.truncate(parts.len() - unused);
            parts.push("..");
        }
        return format!("Self::{name}({})", parts.join(", "));
    }
    // In the order of the declaration.
    let mut parts: Vec<&str> = variant
        .fields
        .iter()
        .filter_map(|field| fields.iter().find(|(n, _)| *n == field.name).map(|(_, known)| known.as_str()))
        .collect();
    if parts.len() < variant.fields.len() {
        parts.push("..");
    }
    format!("Self::{name} {{ {} }}", parts.join(", "))
}
