//! How the code leaves a loop with an error: as it does already elsewhere in the loop, or as its result type demands.

use crate::engine::db::Db;
use crate::engine::types::Ty;
use crate::engine::value::Value;
use crate::fix::scene::{Failed, Scene, is_any_error, signature};
use crate::ir::visit::{self, Node};
use crate::ir::{Expr, ExprKind, MacroBody, Name};
use crate::syntax::program::TypeId;

/// Statements that leave the loop.
#[derive(Clone, Debug)]
pub struct Exit {
    /// The statements, without line ends.
    pub code: String,
    /// Why it may not compile, or may not be what is wanted.
    pub doubt: Option<String>,
    /// It tells the caller of the failure, so nothing needs to be logged.
    pub tells: bool,
}

impl Exit {
    fn with(code: impl Into<String>) -> Exit {
        Exit { code: code.into(), doubt: None, tells: true }
    }
}

/// The ways out at a sight, the best first; else why there is none.
pub fn exits(scene: &Scene<'_>, sight: usize, failed: &Failed) -> Result<Vec<Exit>, String> {
    let mut out = Vec::new();
    let mut own = own(scene, sight, failed);
    own.sort_by_key(|(rank, _)| *rank);
    let (plain, wordy): (Vec<_>, Vec<_>) = own.into_iter().partition(|(rank, _)| *rank == 0);
    out.extend(plain.into_iter().map(|(_, exit)| exit));
    if scene.frame.is_none() {
        out.extend(by_type(scene, failed));
    }
    if out.is_empty() {
        out.extend(plain_break(scene, sight, failed));
    }
    if out.is_empty() {
        out.extend(wordy.into_iter().map(|(_, exit)| exit));
    }
    if out.is_empty() {
        out.extend(after_loop(scene, sight));
    }
    if out.is_empty() && scene.frame.is_some() && returns_nothing(scene) {
        let doubt = Some("the task ends, and nothing starts it again".to_owned());
        out.push(Exit { code: "return;".to_owned(), doubt, tells: false });
    }
    match out.is_empty() {
        true => Err("it is not known how the loop can be left with an error".to_owned()),
        false => Ok(out),
    }
}

/// Exits that the loop has already: `return Err(e)`, `break Err(e.into())`, `bail!("..: {e}")`. The lower the rank the
/// better; one that speaks of attempts used up would not tell the truth.
fn own(scene: &Scene<'_>, sight: usize, failed: &Failed) -> Vec<(u8, Exit)> {
    let at = scene.sights[sight].span;
    let mut found: Vec<(u8, Exit)> = Vec::new();
    visit::block(scene.body, &mut |node| {
        let Node::Expr(e) = node else { return true };
        if !scene.facts.site.contains(e.span) {
            return e.span.contains(scene.facts.site);
        }
        let leaves = match &e.kind {
            ExprKind::Return(Some(value)) | ExprKind::Break { value: Some(value), .. } => is_error(value),
            ExprKind::Macro(call) => {
                matches!(call.path.last().as_str(), "bail" | "throw") && matches!(call.body, MacroBody::Args(_))
            }
            _ => false,
        };
        let from_here = scene.leaves_from(e.span) && scene.leaves_from(at);
        let is_break = matches!(e.kind, ExprKind::Break { .. });
        if leaves && from_here && (!is_break || (scene.is_in_own_loop(at) && scene.is_in_own_loop(e.span))) {
            let text = &on_one_line(scene.text(e.span));
            let mentions = mentions(e, text, failed.name);
            if (mentions || says_refused(scene, e)) && is_visible(scene, sight, e, text) && !text.contains("//") {
                let speaks_of_attempts = [
                    "retr",
                    "attempt",
                    "Retr",
                    "Attempt",
                    "exhaust",
                    "Exhaust",
                    "max",
                    "Max",
                    "giving up",
                    "tries",
                    "imeout",
                ]
                .iter()
                .any(|w| text.contains(w));
                let exit = Exit::with(format!("{text};"));
                if !found.iter().any(|(_, old)| old.code == exit.code) {
                    found.push((u8::from(speaks_of_attempts), exit));
                }
            }
        }
        true
    });
    for (rank, exit) in &mut found {
        if *rank > 0 {
            exit.doubt = Some("the error that the loop ends with speaks of attempts used up".to_owned());
        }
    }
    found
}

/// Code on one line, without the blanks that line ends left.
fn on_one_line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.contains('\n') {
        return text.to_owned();
    }
    joined.replace("( ", "(").replace(", )", ")").replace(" )", ")").replace(" .", ".")
}

/// It leaves with an error that says that the credential was refused, whatever failed.
fn says_refused(scene: &Scene<'_>, e: &Expr) -> bool {
    let mut found = false;
    visit::expr(e, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Path(path), .. }) = node
            && path.segments.len() > 1
        {
            let name = path.last().as_str();
            let words = crate::models::split_words(name);
            found |= scene.db.lookup.models.words.names("auth", name) || words.iter().any(|w| w == "revoked");
        }
        true
    });
    found
}

/// `Err(..)`, or a call or variable that may be one.
fn is_error(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Call { callee, .. } => matches!(&callee.kind, ExprKind::Path(path) if path.last() == "Err"),
        // With what else the caller wants to know.
        ExprKind::Tuple(parts) => parts.iter().any(is_error),
        _ => false,
    }
}

fn mentions(e: &Expr, text: &str, name: Name) -> bool {
    let mut found = text.contains(&format!("{{{name}"));
    visit::expr(e, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Path(path), .. }) = node {
            found |= path.single() == Some(name);
        }
        true
    });
    found
}

/// Every name that the expression uses is in scope at a sight, or is no variable.
fn is_visible(scene: &Scene<'_>, sight: usize, e: &Expr, text: &str) -> bool {
    let names = &scene.sights[sight].names;
    let in_scope = |name: Name| names.iter().any(|(n, _)| *n == name);
    let mut visible = true;
    let mut inner: Vec<Name> = Vec::new();
    visit::expr(e, &mut |node| {
        match node {
            Node::Expr(Expr { kind: ExprKind::Closure { params, .. }, .. }) => {
                for param in params.iter() {
                    visit::pat(&param.pat, &mut |node| {
                        if let Node::Pat(p) = node
                            && let crate::ir::PatKind::Bind { name, .. } = &p.kind
                        {
                            inner.push(*name);
                        }
                        true
                    });
                }
            }
            Node::Expr(Expr { kind: ExprKind::Path(path), .. }) => {
                if let Some(name) = path.single()
                    && name.as_str().starts_with(|c: char| c.is_lowercase() || c == '_')
                    && !in_scope(name)
                    && !inner.contains(&name)
                {
                    visible &= scene.db.program().resolve(scene.home.module, &[name]).is_some();
                }
            }
            _ => {}
        }
        true
    });
    // Names inside format strings.
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = &rest[at + 1..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let is_name =
            name.starts_with(|c: char| c.is_lowercase() || c == '_') && rest[name.len()..].starts_with([':', '}']);
        if is_name && text.contains('"') {
            visible &= in_scope(Name::new(&name));
        }
    }
    visible
}

/// `break`, as the loop has it already: what follows the loop gives back the result, or there is nothing to give back.
fn plain_break(scene: &Scene<'_>, sight: usize, failed: &Failed) -> Option<Exit> {
    let at = scene.sights[sight].span;
    if !(scene.leaves_from(at) && scene.is_in_own_loop(at)) {
        return None;
    }
    let mut has_one = false;
    visit::block(scene.body, &mut |node| {
        let Node::Expr(e) = node else { return true };
        let is_here = scene.facts.site.contains(e.span);
        let plain = matches!(e.kind, ExprKind::Break { value: None, label: None });
        has_one |= is_here && plain && scene.leaves_from(e.span) && scene.is_in_own_loop(e.span);
        is_here || e.span.contains(scene.facts.site)
    });
    if !has_one {
        return None;
    }
    let gives_back = match scene.body.stmts.last() {
        Some(crate::ir::Stmt::Expr { expr, semi: false }) => {
            matches!(&expr.kind, ExprKind::Path(path) if path.single() == Some(failed.name))
        }
        _ => false,
    };
    if gives_back && matches!(failed.value, Value::Result(_)) {
        return Some(Exit::with("break;"));
    }
    let is_task = scene.frame.is_some() && returns_nothing(scene);
    let is_unit = scene.frame.is_none() && scene.home.def.ret.is_none();
    (is_task || is_unit).then(|| silent(scene, "break;"))
}

/// What the function's result type demands.
fn by_type(scene: &Scene<'_>, failed: &Failed) -> Vec<Exit> {
    let name = failed.name;
    let is_response = matches!(&failed.value, Value::Failure(f) if f.response);
    let (declared, boxed) = scene.declared_error();
    let ret = scene.db.lookup.returns(scene.facts.home);
    let ret_text = scene.source.slice(signature(scene.home));
    let result = ret_text.rsplit_once("->").map_or("", |(_, ret)| ret);
    let target = match ret {
        Ty::Result(_, error) => (*error).clone(),
        Ty::Option(_) => return vec![silent(scene, "return None;")],
        Ty::Bool => return vec![silent(scene, "return false;")],
        Ty::Unit if scene.home.def.ret.is_none() => return vec![silent(scene, "return;")],
        _ => return Vec::new(),
    };
    let any = matches!(&target, Ty::Ext(path) if is_any_error(path.as_str()));
    let to_any = any || result.contains("dyn");
    let same = crate::engine::pattern::same_type;
    if matches!(failed.value, Value::Result(_)) {
        let whole = scene.db.static_type(scene.facts.home, scene.facts.attempt);
        let fits = match (&whole, &scene.db.lookup.returns(scene.facts.home)) {
            (Ty::Result(a, b), Ty::Result(c, d)) => a == c && same(b, d),
            _ => false,
        };
        return if fits { vec![Exit::with(format!("return {name};"))] } else { Vec::new() };
    }
    let source = match failed.value.ty() {
        // What was lost sight of is what the call is declared to fail with.
        Ty::Unknown => declared.clone(),
        known => known,
    };
    if is_response {
        let converts =
            to_any || is_ext(&target, "reqwest::Error") || has_from(scene, &target, &Ty::ext("reqwest::Error"));
        let reqwest = matches!(&source, Ty::Ext(path) if path.as_str().starts_with("reqwest::"));
        if reqwest && converts {
            return vec![Exit::with(format!("{name}.error_for_status_ref()?;"))];
        }
        return message(&target, &format!("{name}.status()")).into_iter().collect();
    }
    if matches!(source, Ty::Int) || matches!(&source, Ty::Ext(path) if path.as_str().ends_with("StatusCode")) {
        return message(&target, name.as_str()).into_iter().collect();
    }
    if failed.by_ref {
        return Vec::new();
    }
    // An error in a box is what the function was declared with, whatever is inside.
    let real = if boxed && !same(&declared, &source) { declared.clone() } else { source.clone() };
    if boxed && any && same(&declared, &target) {
        return vec![Exit::with(format!("return Err({name});"))];
    }
    if boxed && result.contains("dyn") && !declared.is_known() {
        let doubt = Some("two boxed errors may be of different types".to_owned());
        return vec![Exit { doubt, ..Exit::with(format!("return Err({name});")) }];
    }
    if same(&real, &target) {
        return vec![Exit::with(format!("return Err({name});"))];
    }
    if to_any {
        let doubt = match &real {
            Ty::Adt(id, _) if !is_std_error(scene.db, *id) => {
                Some(format!("`{name}` may not implement `std::error::Error`"))
            }
            Ty::Unknown => Some(format!("the type of `{name}` is not known")),
            _ => None,
        };
        return vec![Exit { doubt, ..Exit::with(format!("return Err({name}.into());")) }];
    }
    if has_from(scene, &target, &real) {
        return vec![Exit::with(format!("return Err({name}.into());"))];
    }
    if target == Ty::Str && result.contains("String") {
        let doubt = Some(format!("`{name}` may not implement `Display`"));
        let doubt = doubt.filter(|_| matches!(real, Ty::Adt(id, _) if !is_std_error(scene.db, id)));
        return vec![Exit { doubt, ..Exit::with(format!("return Err({name}.to_string());")) }];
    }
    Vec::new()
}

/// Leaves without an error that the caller could see: as the loop does when its attempts are used up, if it ever does.
fn silent(scene: &Scene<'_>, code: &str) -> Exit {
    let endless = scene.shown.is_unbounded() && scene.shown.run.until.is_none();
    let doubt = endless.then(|| "the loop never ended so far, and its caller is not told why it does".to_owned());
    Exit { code: code.to_owned(), doubt, tells: false }
}

/// An error made of a text.
fn message(target: &Ty, status: &str) -> Option<Exit> {
    let Ty::Ext(path) = target else { return None };
    let krate = path.as_str().split("::").next().filter(|_| is_any_error(path.as_str()))?;
    let bail = match krate {
        "anyhow" => "anyhow::bail!",
        _ => "eyre::bail!",
    };
    let bail = if krate == "color_eyre" { "color_eyre::eyre::bail!" } else { bail };
    let is_name = status.chars().all(|c| c.is_alphanumeric() || c == '_');
    Some(Exit::with(match is_name {
        true => format!("{bail}(\"the credential was refused: {{{status}}}\");"),
        false => format!("{bail}(\"the credential was refused: {{}}\", {status});"),
    }))
}

/// The loop ends by itself at last, and an error follows it: `break` gets there sooner.
fn after_loop(scene: &Scene<'_>, sight: usize) -> Option<Exit> {
    let at = scene.sights[sight].span;
    let breaks = scene.leaves_from(at) && scene.is_in_own_loop(at);
    let mut is_loop_of_rounds = false;
    visit::block(scene.body, &mut |node| {
        if let Node::Expr(e) = node
            && e.span == scene.facts.site
        {
            is_loop_of_rounds = matches!(e.kind, ExprKind::For { .. } | ExprKind::While { .. });
        }
        true
    });
    let after = scene.body.stmts.last()?;
    let crate::ir::Stmt::Expr { expr, semi: false } = after else { return None };
    let follows = expr.span.start >= scene.facts.site.end;
    let fails = match &expr.kind {
        ExprKind::Macro(call) => matches!(call.path.last().as_str(), "bail" | "throw"),
        ExprKind::Path(path) => path.last() == "None",
        _ => is_error(expr),
    };
    if !(breaks && is_loop_of_rounds && follows && fails && scene.frame.is_none()) {
        return None;
    }
    let text = scene.text(expr.span);
    let doubt = ["unwrap", "expect"]
        .iter()
        .any(|w| text.contains(w))
        .then(|| "what follows the loop may rely on something that is set later in it".to_owned());
    let doubt = doubt.or_else(|| Some("the error after the loop may speak of attempts used up".to_owned()));
    Some(Exit { code: "break;".to_owned(), doubt, tells: true })
}

fn returns_nothing(scene: &Scene<'_>) -> bool {
    let Some(frame) = scene.frame else { return false };
    let mut with_value = false;
    visit::block(scene.body, &mut |node| {
        let Node::Expr(e) = node else { return true };
        if frame.contains(e.span) && scene.leaves_from(e.span) {
            with_value |= matches!(e.kind, ExprKind::Return(Some(_)) | ExprKind::Try(_));
        }
        true
    });
    !with_value
}

fn is_ext(ty: &Ty, path: &str) -> bool {
    crate::engine::pattern::same_type(ty, &Ty::ext(path))
}

/// Whether the unit's error type is made from the other by `?` and `into`.
fn has_from(scene: &Scene<'_>, target: &Ty, source: &Ty) -> bool {
    let Ty::Adt(id, _) = target else { return false };
    let program = scene.db.program();
    let same = crate::engine::pattern::same_type;
    let written = program.from_impls(*id).iter().any(|from| {
        let data = program.function(*from);
        let scope = scene.db.scope(*from);
        data.def.params.first().is_some_and(|p| same(&scope.read(program, &p.ty), source))
    });
    let scope = scene.db.lookup.type_scope(*id, &[]);
    let mut fields = program.ty(*id).def.variants.iter().flat_map(|v| &v.fields);
    written || fields.any(|f| f.from && same(&scope.read(program, &f.ty), source))
}

/// Whether a type of the unit implements `std::error::Error`, as far as the text shows.
pub fn is_std_error(db: &Db<'_>, id: TypeId) -> bool {
    let program = db.program();
    let def = &program.ty(id).def;
    let ends = format!("Error for {}", def.name);
    def.derives.iter().any(|d| matches!(d.as_str(), "Error" | "Snafu"))
        || program.files().any(|file| program.file(file).source.text.contains(&ends))
}
