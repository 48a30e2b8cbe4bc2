//! Repairs of policies: what a refused credential is, is taken out of what is worth a retry.
//!
//! Where the policy names a refusal itself, the name goes; else the policy answers "stop" to it first, in its own
//! terms: a `bool` of its polarity, `None`, the verdict that it gives elsewhere.

use crate::engine::db::Db;
use crate::engine::policy::{Answer, Heard, Hearing, by_name};
use crate::engine::scenario::Scenario;
use crate::engine::types::Ty;
use crate::engine::value::Value;
use crate::finding::{Edit, Style};
use crate::fix::ask::Test;
use crate::fix::edit::{Layout, lines};
use crate::fix::inline::Candidate;
use crate::fix::named;
use crate::fix::tell::{Asker, DEPTH, text_of};
use crate::ir::visit::{self, Node};
use crate::ir::{Block, Expr, ExprKind, PatKind, Span, Stmt, Type};
use crate::syntax::program::{FnData, FnId};
use crate::workspace::source::Place;

const MESSAGE: &str = "do not retry a refused credential";

/// A policy to be changed.
pub(super) struct Subject<'a> {
    pub(super) db: &'a Db<'a>,
    pub(super) id: FnId,
    pub(super) data: &'a FnData,
    pub(super) body: &'a Block,
    hearing: &'a Hearing,
}

impl Subject<'_> {
    pub(super) fn text(&self, span: Span) -> &str {
        self.db.program().file(self.data.file).source.slice(span)
    }

    pub(super) fn edit(&self, span: Span, text: String) -> Edit {
        let source = self.db.program().file(self.data.file).source.clone();
        Edit { place: Place { source, span }, text }
    }
}

/// Whether a policy retries a refused credential.
pub fn retries(heard: &&Heard) -> bool {
    matches!(heard.scenario, Scenario::DeadKey | Scenario::Forbidden) && heard.answer == Answer::Retry
}

/// Repairs of a policy, the best first; else why there is none.
pub fn candidates(db: &Db<'_>, id: FnId, hearing: &Hearing) -> Result<Vec<Candidate>, String> {
    let data = db.program().function(id);
    let Some(body) = &data.def.body else { return Err("the policy has no body".to_owned()) };
    let subject = Subject { db, id, data, body, hearing };
    let stops = stop_answers(&subject);
    let Some(stop) = stops.first() else {
        return Err("it is not known how the policy says that there is nothing to retry".to_owned());
    };
    let mut out: Vec<Candidate> = Vec::new();
    out.extend(named::without(&subject, &stops));
    let tests = tests(&subject);
    match &tests {
        Ok(tests) => {
            out.extend(arms(&subject, tests, stop));
            out.push(early(&subject, tests, stop));
        }
        Err(why) if out.is_empty() => return Err(why.clone()),
        Err(_) => {}
    }
    Ok(out)
}

fn candidate(edits: Vec<Edit>, doubt: Option<String>) -> Candidate {
    Candidate { message: MESSAGE.to_owned(), edits, doubt, needs: Vec::new(), style: Style::Inline }
}

/// The conditions of which one holds for every refusal that is retried.
fn tests(subject: &Subject<'_>) -> Result<Vec<Test>, String> {
    let param = &subject.data.def.params[subject.hearing.param];
    let name = match &param.pat.kind {
        PatKind::Bind { name, sub: None } => *name,
        _ => return Err("the policy does not look at what failed".to_owned()),
    };
    let heard = |scenario: Scenario| subject.hearing.heard.iter().filter(move |h| h.scenario == scenario);
    let passing: Vec<(Scenario, Value)> = [Scenario::RateLimited, Scenario::ServerError]
        .into_iter()
        .flat_map(|scenario| heard(scenario).map(move |h| (scenario, h.value.clone())))
        .collect();
    let mut tests: Vec<Test> = Vec::new();
    for scenario in [Scenario::DeadKey, Scenario::Forbidden] {
        for (n, retried) in heard(scenario).enumerate().filter(|(_, h)| retries(h)) {
            let at = |scenario| heard(scenario).nth(n).map(|h| inner(&h.value).clone());
            let asker = Asker {
                db: subject.db,
                home: subject.id,
                refused: at(Scenario::DeadKey),
                forbidden: at(Scenario::Forbidden),
                passing: passing.iter().map(|(s, v)| (*s, inner(v).clone())).collect(),
                // Of several ways in which a refusal arrives, all have to be told.
                guesses: true,
            };
            let found = of_value(&asker, name.as_str(), &retried.value);
            let best = found.iter().find(|t| t.doubt.is_none()).or(found.first()).cloned();
            let Some(best) = best else {
                return Err(format!("nothing tells a refused credential from other failures in `{name}`"));
            };
            if !tests.iter().any(|t| t.cond == best.cond) {
                tests.push(best);
            }
        }
    }
    if tests.is_empty() {
        return Err("the policy does not retry a refused credential by itself".to_owned());
    }
    if subject.text(param.pat.span).starts_with('&') || matches!(param.ty, Type::Ref(_)) {
        for test in &mut tests {
            test.cond = test.cond.replace(&format!("matches!(&{name}, "), &format!("matches!({name}, "));
        }
    }
    let head = Span { start: subject.data.span.start, end: subject.data.def.name_span.start };
    let is_const = subject.text(head).split_whitespace().rev().take(3).any(|word| word == "const");
    let calls = |test: &Test| ["contains(", "as_u16()", "status()", "code()"].iter().any(|c| test.cond.contains(c));
    if is_const && tests.iter().any(calls) {
        return Err("a `const fn` cannot ask the failure that".to_owned());
    }
    Ok(tests)
}

fn doubt(tests: &[Test]) -> Option<String> {
    tests.iter().find_map(|test| test.doubt.clone())
}

/// What is in a result.
fn inner(value: &Value) -> &Value {
    match value {
        Value::Result(Ok(inner) | Err(inner)) => inner,
        other => other,
    }
}

fn of_value(asker: &Asker<'_>, name: &str, value: &Value) -> Vec<Test> {
    let (pattern, bound) = match value {
        Value::Result(Ok(_)) => ("Ok(response)", "response"),
        Value::Result(Err(_)) => ("Err(error)", "error"),
        _ => ("", name),
    };
    let value = inner(value);
    let mut tests = match (value.ty(), text_of(value)) {
        (Ty::Str, Some(text)) => asker.worded(bound, &text).into_iter().collect(),
        _ => asker.tests(bound, value, DEPTH),
    };
    for test in tests.iter_mut().filter(|_| !pattern.is_empty()) {
        test.cond = format!("matches!(&{name}, {pattern} if {})", test.cond);
    }
    tests
}

/// Arms in front of the arm that takes everything, where the policy is one `match` on what is tested.
fn arms(subject: &Subject<'_>, tests: &[Test], stop: &str) -> Option<Candidate> {
    let Some(Stmt::Expr { expr, semi: false }) = subject.body.stmts.last() else { return None };
    let ExprKind::Match { scrutinee, arms } = &expr.kind else { return None };
    let bare = |text: &str| text.trim_start_matches(['&', '*', ' ']).to_owned();
    let scrutinised = subject.text(scrutinee.span);
    let pattern = |test: &Test| {
        let tested = test.cond.strip_prefix("matches!(")?.strip_suffix(')')?;
        let (value, pattern) = tested.split_once(", ")?;
        // What is not borrowed would be moved into the pattern.
        let moves = scrutinised.starts_with('*') && pattern.contains(" if ");
        (bare(value) == bare(scrutinised) && !moves).then(|| pattern.to_owned())
    };
    let patterns: Vec<String> = tests.iter().map(pattern).collect::<Option<_>>()?;
    let (first, last) = (arms.first()?, arms.last()?);
    // Right before the catch-all, unless an earlier arm may take it.
    let is_named = |pattern: &String| {
        let variant = pattern.split(['(', ' ', '{']).next().unwrap_or(pattern);
        let name = variant.rsplit("::").next().unwrap_or(variant);
        arms.iter().any(|a| subject.text(a.pat.span).contains(name) || a.guard.is_some())
    };
    let before = match last.pat.kind {
        PatKind::Wild | PatKind::Bind { sub: None, .. } if last.guard.is_none() && !patterns.iter().any(is_named) => {
            last
        }
        _ => first,
    };
    let layout = Layout::of(&subject.db.program().file(subject.data.file).source.text);
    let start = before.pat.span.start;
    if !layout.starts_line(start) {
        return None;
    }
    let mut code: Vec<(usize, String)> =
        patterns.into_iter().map(|pattern| (0, format!("{pattern} => {stop},"))).collect();
    code.push((0, String::new()));
    let text = lines(layout, start, &code);
    Some(candidate(vec![subject.edit(Span { start, end: start }, text)], doubt(tests)))
}

/// `return false;` in front of everything else.
fn early(subject: &Subject<'_>, tests: &[Test], stop: &str) -> Candidate {
    let layout = Layout::of(&subject.db.program().file(subject.data.file).source.text);
    let mut code = match tests {
        [test] => vec![(1, format!("if {} {{", test.cond))],
        [first, others @ ..] => {
            let others = others.iter().map(|test| (2, format!("|| {}", test.cond)));
            std::iter::once((1, format!("if {}", first.cond))).chain(others).chain([(1, "{".to_owned())]).collect()
        }
        [] => Vec::new(),
    };
    code.extend([(2, format!("return {stop};")), (1, "}".to_owned())]);
    let open = subject.body.span.start + 1;
    let is_block = subject.text(subject.body.span).contains('\n');
    let text = if is_block {
        format!("{}{}{}", layout.newline(), layout.indent(open), lines(layout, open, &code))
    } else {
        let code: Vec<&str> = code.iter().map(|(_, line)| line.as_str()).collect();
        format!(" {}", code.join(" "))
    };
    candidate(vec![subject.edit(Span { start: open, end: open }, text)], doubt(tests))
}

/// How the policy says "stop", the best first.
fn stop_answers(subject: &Subject<'_>) -> Vec<String> {
    let ret = subject.db.lookup.returns(subject.id);
    if ret == Ty::Bool {
        return vec![subject.hearing.inverted.to_string()];
    }
    let mut out = given(subject);
    match &ret {
        Ty::Option(_) if !subject.hearing.none_retries => out.push("None".to_owned()),
        Ty::Adt(id, _) => {
            let asker = Asker {
                db: subject.db,
                home: subject.id,
                refused: None,
                forbidden: None,
                passing: Vec::new(),
                guesses: false,
            };
            let def = &subject.db.program().ty(*id).def;
            let path = asker.type_path(&ret).filter(|_| def.is_enum);
            let stops = def.variants.iter().filter(|v| {
                v.gates.is_empty() && v.fields.is_empty() && by_name(subject.db, v.name.as_str()) == Answer::Stop
            });
            out.extend(path.into_iter().flat_map(|path| stops.clone().map(move |v| format!("{path}::{}", v.name))));
        }
        _ => {}
    }
    out
}

/// Answers that mean "stop" and stand in the policy already, as long as they name no variable.
fn given(subject: &Subject<'_>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    visit::block(subject.body, &mut |node| {
        if let Node::Expr(e) = node
            && let ExprKind::Call { args, .. } = &e.kind
            && !says_stop(subject.db, e)
        {
            // What it calls is no answer by itself.
            return !args.is_empty()
                && !matches!(&e.kind, ExprKind::Call { callee, .. } if matches!(callee.kind, ExprKind::Path(_)));
        }
        if let Node::Expr(e) = node
            && says_stop(subject.db, e)
        {
            let text = subject.text(e.span).to_owned();
            if !text.contains('\n') && !out.contains(&text) {
                out.push(text);
            }
            return false;
        }
        true
    });
    // The one with most around it is the whole answer: `Some(Verdict::Fatal)`.
    out.sort_by_key(|text| !text.starts_with("Some("));
    out
}

fn says_stop(db: &Db<'_>, e: &Expr) -> bool {
    let named = |path: &crate::ir::Path| path.segments.len() > 1 && by_name(db, path.last().as_str()) == Answer::Stop;
    match &e.kind {
        ExprKind::Path(path) => named(path),
        ExprKind::Call { callee, args } => match &callee.kind {
            ExprKind::Path(path) if path.last() == "Some" => args.iter().all(|arg| says_stop(db, arg)),
            ExprKind::Path(path) => named(path) && args.iter().all(is_constant),
            _ => false,
        },
        _ => false,
    }
}

/// `()`, a literal.
fn is_constant(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Lit(_) => true,
        ExprKind::Tuple(parts) => parts.iter().all(is_constant),
        _ => false,
    }
}
