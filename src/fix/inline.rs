//! Repairs by the code's own means: a test of its own error in front of the delay, and its own way out.

use crate::engine::db::Db;
use crate::engine::site::Facts;
use crate::engine::trace::SightKind;
use crate::finding::{Dependency, Edit, SiteKind, Style};
use crate::fix::ask::{self, Test};
use crate::fix::edit::{Layout, lines};
use crate::fix::exit::{self, Exit};
use crate::fix::library;
use crate::fix::scene::{Failed, Scene};
use crate::ir::visit::{self, Node};
use crate::ir::{Block, ExprKind, Span, Stmt};

/// Candidates handed to the proof, at most.
const MOST: usize = 6;

/// A repair that is not proved yet.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What it does, as an order in lower case.
    pub message: String,
    /// The edits, in order.
    pub edits: Vec<Edit>,
    /// What is doubtful about it whatever the proof says.
    pub doubt: Option<String>,
    /// What packages have to depend on for it.
    pub needs: Vec<Dependency>,
    /// By what means.
    pub style: Style,
}

/// Repairs of a site, the best first; else why there is none.
pub fn candidates(db: &Db<'_>, facts: &Facts) -> Result<Vec<Candidate>, String> {
    match facts.kind {
        SiteKind::Loop | SiteKind::Recursion => {}
        SiteKind::Combinator => return library::candidates(db, facts),
        SiteKind::Policy | SiteKind::Comment => return Err("there is no call to repair".to_owned()),
    }
    if !facts.dead.burns() && !facts.forbidden.burns() {
        return Err("the loop stops; what is wrong is how, and that is not repaired".to_owned());
    }
    let nowhere = || "the run could not be followed statement by statement".to_owned();
    let scene = Scene::of(db, facts).ok_or_else(nowhere)?;
    let refreshes = (0..scene.sights.len()).any(|i| refreshes(&scene, i));
    if refreshes && facts.kind == SiteKind::Recursion {
        return Err("a function that calls itself has no place for a flag that outlives the call".to_owned());
    }
    gather(&scene, |sight, failed| {
        let (tests, exits) = (ask::tests(&scene, sight, failed)?, exit::exits(&scene, sight, failed)?);
        let with = |test| exits.iter().map(move |exit| (test, exit));
        let pairs = tests.iter().flat_map(with);
        Ok(pairs.map(|(test, exit)| guard(&scene, sight, failed, test, exit, refreshes)).collect())
    })
}

/// The candidates that are made of the failures at the places of a scene, the best first; else why there is none.
pub(super) fn gather(
    scene: &Scene<'_>,
    make: impl Fn(usize, &Failed) -> Result<Vec<Candidate>, String>,
) -> Result<Vec<Candidate>, String> {
    let mut out: Vec<Candidate> = Vec::new();
    let mut why: Option<String> = None;
    for sight in scene.places() {
        for failed in scene.failures_at(sight) {
            match make(sight, &failed) {
                Ok(made) => out.extend(made),
                Err(reason) => {
                    why.get_or_insert(reason);
                }
            }
        }
        if out.iter().any(|c| c.doubt.is_none()) || out.len() >= MOST {
            break;
        }
    }
    if out.is_empty() {
        return Err(why.unwrap_or_else(|| "the failure has no name on the way to the next attempt".to_owned()));
    }
    // What is beyond doubt first, otherwise in the order found.
    out.sort_by_key(|c| c.doubt.is_some());
    out.truncate(MOST);
    Ok(out)
}

/// The guard at a sight.
fn guard(scene: &Scene<'_>, sight: usize, failed: &Failed, test: &Test, exit: &Exit, once: bool) -> Candidate {
    let at = scene.sights[sight].span;
    let layout = Layout::of(&scene.source.text);
    let mut leave: Vec<(usize, String)> = Vec::new();
    if !exit.tells {
        leave.extend(log(scene, sight, failed).map(|code| (0, code)));
    }
    leave.push((0, exit.code.clone()));
    let mut code = vec![(0, format!("if {} {{", test.cond))];
    let mut edits = Vec::new();
    let message = if once {
        let flag = free_name(scene, &["refused_once", "is_refused_once", "was_refused_once"]);
        code.push((1, format!("if {flag} {{")));
        code.extend(leave.iter().map(|(depth, line)| (depth + 2, line.clone())));
        code.push((1, "}".to_owned()));
        code.push((1, format!("{flag} = true;")));
        let start = statement_of(scene.body, scene.facts.site).start;
        let declared = [(0, format!("let mut {flag} = false;")), (0, String::new())];
        edits.push(scene.edit(Span { start, end: start }, lines(layout, start, &declared)));
        "give up when the credential is refused a second time"
    } else {
        code.extend(leave.iter().map(|(depth, line)| (depth + 1, line.clone())));
        "give up at once when the credential is refused"
    };
    code.push((0, "}".to_owned()));
    edits.extend(scene.rename_at(sight, failed.name).map(|span| scene.edit(span, failed.name.to_string())));
    edits.extend(insert(scene, at, &scene.sights[sight].kind, layout, code));
    edits.sort_by_key(|edit| edit.place.span);
    let own = scene.home.span == scene.home.def.name_span;
    let doubt = test.doubt.clone().or_else(|| exit.doubt.clone());
    let doubt = doubt.or_else(|| own.then(|| "the loop stands in a macro".to_owned()));
    let doubt = doubt
        .or_else(|| scene.facts.is_worker().then(|| "the worker ends, and something has to start it again".to_owned()));
    Candidate { message: message.to_owned(), edits, doubt, needs: Vec::new(), style: Style::Inline }
}

/// Puts statements in front of what stands at a sight.
pub(super) fn insert(
    scene: &Scene<'_>,
    at: Span,
    kind: &SightKind,
    layout: Layout<'_>,
    mut code: Vec<(usize, String)>,
) -> Vec<Edit> {
    let here = |offset: u32, text: String| scene.edit(Span { start: offset, end: offset }, text);
    let in_line = |code: &[(usize, String)]| code.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join(" ");
    let is_block = scene.text(at).starts_with('{') && scene.text(at).ends_with('}');
    match kind {
        SightKind::Arm if is_block => {
            if scene.text(at).contains('\n') {
                code.iter_mut().for_each(|(depth, _)| *depth += 1);
                let first = format!("{}{}", layout.newline(), layout.indent(at.start));
                return vec![here(at.start + 1, first + &lines(layout, at.start, &code))];
            }
            let text = if scene.text(at).len() == 2 {
                format!(" {} ", in_line(&code))
            } else {
                format!(" {}", in_line(&code))
            };
            vec![here(at.start + 1, text)]
        }
        SightKind::Arm => {
            let mut all = vec![(0, "{".to_owned())];
            all.extend(code.into_iter().map(|(depth, line)| (depth + 1, line)));
            all.push((1, String::new()));
            let end = format!("{}{}}}", layout.newline(), layout.indent(at.start));
            // The comma that an arm without braces needs goes.
            let comma = u32::from(scene.source.text[at.end as usize..].starts_with(','));
            let after = Span { start: at.end, end: at.end + comma };
            vec![here(at.start, lines(layout, at.start, &all)), scene.edit(after, end)]
        }
        _ if layout.starts_line(at.start) => {
            code.push((0, String::new()));
            vec![here(at.start, lines(layout, at.start, &code))]
        }
        _ => vec![here(at.start, format!("{} ", in_line(&code)))],
    }
}

/// The innermost statement that holds a place.
pub(super) fn statement_of(body: &Block, at: Span) -> Span {
    let mut best = at;
    let mut consider = |block: &Block| {
        for stmt in &block.stmts {
            let span = match stmt {
                Stmt::Let { span, .. } => *span,
                Stmt::Expr { expr, .. } => expr.span,
                Stmt::Item(_) => continue,
            };
            if span.contains(at) {
                best = span;
            }
        }
    };
    consider(body);
    visit::block(body, &mut |node| {
        let Node::Expr(e) = node else { return true };
        if e.span == at || !e.span.contains(at) {
            return false;
        }
        match &e.kind {
            ExprKind::Loop { body, .. } | ExprKind::While { body, .. } | ExprKind::For { body, .. } => consider(body),
            ExprKind::Block { block, .. } => consider(block),
            ExprKind::Async(block) => consider(block),
            ExprKind::If { then, els, .. } => {
                consider(then);
                // `else if` is no statement, and an `else` block is visited as an expression.
                let _ = els;
            }
            _ => {}
        }
        true
    });
    best
}

/// Whether something on the way gets a new credential: then the first refusal is not the end.
pub(super) fn refreshes(scene: &Scene<'_>, index: usize) -> bool {
    let sight = &scene.sights[index];
    let innermost = !scene.sights.iter().any(|s| s.span != sight.span && sight.span.contains(s.span));
    // What stands before the attempt is done whether it failed or not.
    let after = sight.span.start >= scene.facts.attempt.end;
    if !after || !innermost || !matches!(sight.kind, SightKind::Statement | SightKind::Arm) {
        return false;
    }
    let mut found = false;
    visit::block(scene.body, &mut |node| {
        let Node::Expr(e) = node else { return true };
        if sight.span.contains(e.span) {
            let name = match &e.kind {
                ExprKind::Method { name, .. } => *name,
                ExprKind::Call { callee, .. } => match &callee.kind {
                    ExprKind::Path(path) => path.last(),
                    _ => return true,
                },
                _ => return true,
            };
            let words = crate::models::split_words(name.as_str());
            found |= words.iter().any(|w| {
                matches!(
                    w.as_str(),
                    "refresh"
                        | "renew"
                        | "reauth"
                        | "reauthenticate"
                        | "relogin"
                        | "login"
                        | "authenticate"
                        | "rotate"
                        | "invalidate"
                        | "reload"
                        | "renewal"
                        | "reauthorize"
                )
            });
        }
        true
    });
    found
}

/// A line for people, written as the loop writes its own.
fn log(scene: &Scene<'_>, sight: usize, failed: &Failed) -> Option<String> {
    let name = failed.name;
    let words = &scene.db.lookup.models.words;
    let mut found: Option<String> = None;
    visit::block(scene.body, &mut |node| {
        let Node::Expr(e) = node else { return true };
        if let ExprKind::Macro(call) = &e.kind
            && scene.facts.site.contains(e.span)
            && words.has("log", call.path.last().as_str())
            && !matches!(call.path.last().as_str(), "writeln" | "write" | "event" | "span" | "dbg")
        {
            let path: Vec<&str> = call.path.segments.iter().map(|s| s.as_str()).collect();
            let text = scene.text(e.span);
            let shown = if text.contains(&format!("{{{name}}}")) || text.contains(&format!("%{name}")) {
                format!(": {{{name}}}")
            } else if text.contains(&format!("{{{name}:?}}")) || text.contains(&format!("?{name}")) {
                format!(": {{{name}:?}}")
            } else {
                String::new()
            };
            let line = format!("{}!(\"the credential was refused, giving up{shown}\");", path.join("::"));
            if found.is_none() || !shown.is_empty() {
                found = Some(line);
            }
        }
        true
    });
    let _ = sight;
    found
}

pub(super) fn free_name(scene: &Scene<'_>, names: &[&'static str]) -> &'static str {
    let text = scene.text(scene.home.span);
    names.iter().copied().find(|name| !text.contains(name)).unwrap_or(names[0])
}
