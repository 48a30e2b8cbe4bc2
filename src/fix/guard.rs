//! Repairs of guards that do not guard: a flag that starts anew, is set back, never set or set too late; a pool whose
//! answer nobody looks at; a delay that comes before what it should come after.
//!
//! Each is the one edit that the finding asks for, and as good as the proof says.

use std::sync::Arc;

use crate::engine::db::Db;
use crate::engine::guards::Defect;
use crate::engine::pool::PoolFault;
use crate::engine::site::Facts;
use crate::engine::trace::Event;
use crate::engine::types::Ty;
use crate::engine::value::Value;
use crate::finding::{Edit, Style};
use crate::fix::edit::{Layout, lines};
use crate::fix::exit;
use crate::fix::inline::Candidate;
use crate::fix::scene::Scene;
use crate::fix::statements::{Row, around, rows, whole_line};
use crate::ir::visit::{self, Node};
use crate::ir::{Block, Expr, ExprKind, Lit, MacroBody, Name, Pat, PatKind, Span, Stmt, UnOp};
use crate::workspace::source::{Place, Source};

/// What is repaired: a site, with its statements.
struct Bench<'a> {
    db: &'a Db<'a>,
    facts: &'a Facts,
    source: &'a Arc<Source>,
    body: &'a Block,
    rows: Vec<Row<'a>>,
}

/// Repairs of what a rule about guards reports, the best first; none for other rules.
pub fn candidates(db: &Db<'_>, facts: &Facts, code: &str) -> Vec<Candidate> {
    let data = db.program().function(facts.home);
    let Some(body) = &data.def.body else { return Vec::new() };
    let source = &db.program().file(data.file).source;
    let bench = Bench { db, facts, source, body, rows: rows(body, &source.text) };
    let found = match code {
        "RL010" | "RL011" => bench.flag(),
        "RL020" => bench.unchecked(),
        "RL021" => bench.asked_outside(),
        "RL022" => bench.rotate_first(),
        "RL040" => return bench.filled_in(),
        "RL041" => bench.no_last_delay(),
        _ => None,
    };
    keeping_comments(found.into_iter().collect())
}

/// Those that take no comment away.
fn keeping_comments(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let keeps = |edit: &Edit| {
        let gone = edit.place.text();
        !gone.contains("//") && !gone.contains("/*")
    };
    candidates.into_iter().filter(|candidate| candidate.edits.iter().all(keeps)).collect()
}

impl Bench<'_> {
    fn text(&self, span: Span) -> &str {
        self.source.slice(span)
    }

    fn layout(&self) -> Layout<'_> {
        Layout::of(&self.source.text)
    }

    fn edit(&self, span: Span, text: impl Into<String>) -> Edit {
        Edit { place: Place { source: self.source.clone(), span }, text: text.into() }
    }

    fn candidate(&self, message: &str, mut edits: Vec<Edit>) -> Option<Candidate> {
        edits.sort_by_key(|edit| edit.place.span);
        Some(Candidate { message: message.to_owned(), edits, doubt: None, needs: Vec::new(), style: Style::Inline })
    }

    fn remove(&self, span: Span) -> Edit {
        self.edit(whole_line(&self.source.text, span), "")
    }

    /// Code on lines of its own in front of a statement.
    fn before(&self, span: Span, code: &str) -> Edit {
        let text = lines(self.layout(), span.start, &[(0, code.to_owned()), (0, String::new())]);
        self.edit(Span { start: span.start, end: span.start }, text)
    }

    /// Code on a line of its own behind a statement.
    fn behind(&self, span: Span, code: &str) -> Edit {
        let text = format!("{}{}{code}", self.layout().newline(), self.layout().indent(span.start));
        self.edit(Span { start: span.end, end: span.end }, text)
    }

    fn is_inside(&self, span: Span) -> bool {
        self.facts.site.contains(span)
    }

    fn flag(&self) -> Option<Candidate> {
        let guard = self.facts.guard.as_ref()?;
        match guard.defect {
            Defect::Declared => {
                let is_it = |row: &&Row<'_>| {
                    matches!(row.stmt, Stmt::Let { pat, .. }
                        if matches!(&pat.kind, PatKind::Bind { name, .. } if *name == guard.name))
                };
                let declared = self.rows.iter().filter(|row| self.is_inside(row.span)).find(is_it)?;
                let Stmt::Let { init: Some(init), .. } = declared.stmt else { return None };
                if !matches!(init.kind, ExprKind::Lit(_)) && self.text(init.span) != "None" {
                    return None;
                }
                let site = around(&self.rows, self.facts.site)?;
                let edits = vec![self.before(site.span, self.text(declared.span)), self.remove(declared.span)];
                self.candidate(&format!("declare `{}` before the loop", guard.name), edits)
            }
            Defect::Reset => {
                let resets = self.rows.iter().filter(|row| {
                    self.is_inside(row.span)
                        && row.expr().is_some_and(|e| {
                            matches!(&e.kind, ExprKind::Assign { op: None, place, value }
                            if is_place(place, guard.name) && is_unset(value))
                        })
                });
                let edits: Vec<Edit> = resets.map(|row| self.remove(row.span)).collect();
                (!edits.is_empty()).then_some(())?;
                self.candidate(&format!("do not set `{}` back", guard.name), edits)
            }
            Defect::NeverSet | Defect::SetLate => self.set_first(guard.name, guard.test),
            Defect::TooWide(_) => None,
        }
    }

    /// Sets a flag right behind its test.
    fn set_first(&self, name: Name, test: Span) -> Option<Candidate> {
        let declared = self.rows.iter().find_map(|row| match row.stmt {
            Stmt::Let { pat, init: Some(init), .. }
                if matches!(&pat.kind, PatKind::Bind { name: n, .. } if *n == name) =>
            {
                Some((pat.span, init))
            }
            _ => None,
        });
        let (pat, init) = declared?;
        let set = match init.kind {
            ExprKind::Lit(Lit::Bool(set)) => format!("{name} = {};", !set),
            ExprKind::Lit(Lit::Int(_)) => format!("{name} += 1;"),
            _ => return None,
        };
        let mut edits = Vec::new();
        if !self.text(pat).starts_with("mut ") {
            edits.push(self.edit(Span { start: pat.start, end: pat.start }, "mut "));
        }
        let mut arm = None;
        visit::block(self.body, &mut |node| {
            if let Node::Expr(Expr { kind: ExprKind::Match { arms, .. }, .. }) = node {
                let guarded = |a: &&crate::ir::Arm| a.guard.as_ref().is_some_and(|guard| guard.span.contains(test));
                arm = arms.iter().find(guarded).map(|a| &a.body).or(arm);
            }
            true
        });
        if let Some(body) = arm {
            edits.extend(self.at_arm(body, &set));
            return self.candidate(&format!("set `{name}` before the retry"), edits);
        }
        let row = around(&self.rows, test)?;
        let ExprKind::If { cond, then, els } = &row.expr()?.kind else { return None };
        let negated =
            matches!(&cond.kind, ExprKind::Unary(UnOp::Not, _)) || self.text(cond.span).contains(&format!("!{name}"));
        match (negated, els) {
            (true, _) => {
                let first = then.stmts.first()?;
                let span = match first {
                    Stmt::Let { span, .. } => *span,
                    Stmt::Expr { expr, .. } => expr.span,
                    Stmt::Item(_) => return None,
                };
                edits.push(self.before(span, &set));
            }
            (false, None) => edits.push(self.behind(row.span, &set)),
            (false, Some(_)) => return None,
        }
        self.candidate(&format!("set `{name}` before the retry"), edits)
    }

    /// A statement at the start of an arm.
    fn at_arm(&self, body: &Expr, code: &str) -> Vec<Edit> {
        let layout = self.layout();
        if let ExprKind::Block { block, .. } = &body.kind
            && let Some(Stmt::Let { span, .. } | Stmt::Expr { expr: Expr { span, .. }, .. }) = block.stmts.first()
        {
            return vec![self.before(*span, code)];
        }
        let start = body.span.start;
        let head = lines(layout, start, &[(0, "{".to_owned()), (1, code.to_owned()), (1, String::new())]);
        let comma = u32::from(self.source.text[body.span.end as usize..].starts_with(','));
        let tail = format!("{}{}}}", layout.newline(), layout.indent(start));
        vec![
            self.edit(Span { start, end: start }, head),
            self.edit(Span { start: body.span.end, end: body.span.end + comma }, tail),
        ]
    }

    /// `pool.rotate();` becomes `if pool.rotate().is_none() { <leave> }`.
    fn unchecked(&self) -> Option<Candidate> {
        let (PoolFault::Dropped, _) = self.facts.pool.as_ref()? else { return None };
        let shown = if self.facts.dead.burns() { &self.facts.dead } else { &self.facts.forbidden };
        let at = shown.run.last_round().iter().rev().find_map(|e| match e {
            Event::Rotate(at, _) => Some(at.span),
            _ => None,
        })?;
        let row = around(&self.rows, at)?;
        let call = row.expr().filter(|e| e.span == at)?;
        let text = self.text(call.span);
        let cond = match self.db.static_type(self.facts.home, at) {
            Ty::Option(_) => format!("{text}.is_none()"),
            Ty::Bool => format!("!{text}"),
            Ty::Result(..) => format!("{text}.is_err()"),
            _ => return None,
        };
        let scene = Scene::of(self.db, self.facts)?;
        let sight = scene.sights.iter().position(|s| s.span == call.span)?;
        let leave = scene
            .failures_at(sight)
            .iter()
            .filter_map(|failed| exit::exits(&scene, sight, failed).ok())
            .flatten()
            .next()?;
        let code = [(0, format!("if {cond} {{")), (1, leave.code), (0, "}".to_owned())];
        let text = lines(self.layout(), row.span.start, &code);
        let mut candidate =
            self.candidate("leave when the pool has no other credential", vec![self.edit(row.span, text)])?;
        candidate.doubt = leave.doubt;
        Some(candidate)
    }

    /// The question that stands before the loop, asked once more behind what tells the pool.
    fn asked_outside(&self) -> Option<Candidate> {
        let (PoolFault::CheckedOutside, pool) = self.facts.pool.as_ref()? else { return None };
        let words = &self.db.lookup.models.words;
        let is_asking = |row: &&Row<'_>| {
            row.span.end <= self.facts.site.start
                && row.expr().is_some_and(|e| {
                    matches!(&e.kind, ExprKind::If { cond, els: None, .. } if self.text(cond.span).contains(pool.as_str()))
                })
        };
        let question = self.rows.iter().rev().find(is_asking)?;
        let marks = |row: &&Row<'_>| {
            self.is_inside(row.span)
                && row.expr().is_some_and(|e| match &e.kind {
                    ExprKind::Method { recv, name, .. } => {
                        self.text(recv.span).contains(pool.as_str()) && words.names("mark", name.as_str())
                    }
                    _ => false,
                })
        };
        let mark = self.rows.iter().find(marks)?;
        let layout = self.layout();
        let (from, to) = (layout.indent(question.span.start), layout.indent(mark.span.start));
        let text = self.text(question.span);
        let moved: Vec<String> =
            text.lines().map(|line| format!("{to}{}", line.strip_prefix(from).unwrap_or(line))).collect();
        let text = format!("{}{}", layout.newline(), moved.join(layout.newline()));
        let end = mark.span.end;
        self.candidate(
            "ask the pool again when a credential is refused",
            vec![self.edit(Span { start: end, end }, text)],
        )
    }

    /// `continue` behind the rotation, where the block that rotates is not the loop's own.
    fn rotate_first(&self) -> Option<Candidate> {
        let run = &self.facts.scenes.as_ref()?.room.run;
        let at = run.last_round().iter().rev().find_map(|e| match e {
            Event::Rotate(at, _) => Some(at.span),
            _ => None,
        })?;
        let row = around(&self.rows, at)?;
        let last = row.block.stmts.last()?;
        let span = self.rows.iter().find(|r| std::ptr::eq(r.stmt, last))?.span;
        let is_own = self.rows.iter().any(|r| std::ptr::eq(r.block, row.block) && r.span.contains(self.facts.attempt));
        if is_own || row.block.span.contains(self.facts.site) {
            return None;
        }
        let code = self.behind(span, "continue;");
        // What ends the block is a value no longer.
        let semi = !self.text(span).ends_with([';', '}']);
        let mut edits = vec![code];
        if semi {
            edits[0].text.insert(0, ';');
        }
        self.candidate("try the next credential at once", edits)
    }

    /// The field that the final error leaves blank, filled with what is at hand there: what the pattern says, a field of
    /// the same name, or words.
    fn filled_in(&self) -> Vec<Candidate> {
        // What to say where the other side said nothing is not known here.
        let Some(blank) = self.facts.blank.filter(|blank| !blank.when_mute) else { return Vec::new() };
        let blank = blank.name;
        let mut found: Option<(Span, &str)> = None;
        visit::block(self.body, &mut |node| {
            if let Node::Expr(Expr { kind: ExprKind::Struct { fields, .. }, span }) = node
                && self.is_inside(*span)
                && let Some((_, value)) = fields.iter().find(|(name, _)| *name == blank)
            {
                let text = self.text(value.span);
                let is_blank = [
                    "None",
                    "String::new()",
                    "String::default()",
                    "\"\".into()",
                    "\"\".to_owned()",
                    "\"\".to_string()",
                ];
                found = is_blank.contains(&text).then_some((value.span, text)).or(found);
            }
            true
        });
        let Some((at, text)) = found else { return Vec::new() };
        let mut values: Vec<String> = self.matched(blank, at).into_iter().collect();
        if let Some(scene) = Scene::of(self.db, self.facts) {
            let sight = scene.sights.iter().rposition(|sight| sight.span.contains(at));
            let failures = sight.map(|sight| scene.failures_at(sight)).unwrap_or_default();
            for failed in failures {
                let ty = failed.value.ty();
                if self.db.lookup.field(&ty, blank).is_known() {
                    values.push(format!("{}.{blank}", failed.name));
                } else if text != "None" && matches!(&failed.value, Value::Failure(f) if f.response) {
                    values.push(format!("format!(\"the credential was refused: {{}}\", {}.status())", failed.name));
                }
            }
        }
        let message = format!("keep `{blank}` in the error");
        values.into_iter().filter_map(|value| self.candidate(&message, vec![self.edit(at, value)])).collect()
    }

    /// What the pattern of the arm around a place says that a field is: `Some(StatusCode::UNAUTHORIZED)`.
    fn matched(&self, field: Name, at: Span) -> Option<String> {
        let mut found = None;
        visit::block(self.body, &mut |node| {
            if let Node::Expr(Expr { kind: ExprKind::Match { arms, .. }, .. }) = node
                && let Some(arm) = arms.iter().find(|arm| arm.body.span.contains(at))
            {
                visit::pat(&arm.pat, &mut |node| {
                    if let Node::Pat(pat) = node
                        && let PatKind::Struct(_, fields) = &pat.kind
                        && let Some((_, value)) = fields.iter().find(|(name, _)| *name == field)
                        && is_value(value)
                    {
                        found = Some(self.text(value.span).to_owned());
                    }
                    true
                });
            }
            true
        });
        found
    }

    /// The delay goes behind what decides to give up, or goes.
    fn no_last_delay(&self) -> Option<Candidate> {
        let home = self.db.program().function(self.facts.home).file;
        let at = self.facts.dead.run.closing().iter().find_map(|e| match e {
            Event::Delay(at, _) if at.file == home => Some(at.span),
            _ => None,
        })?;
        let delay = around(&self.rows, at)?;
        if !self.is_inside(delay.span) {
            return None;
        }
        let siblings: Vec<&Row<'_>> =
            self.rows.iter().filter(|row| std::ptr::eq(row.block, delay.block) && row.index > delay.index).collect();
        if siblings.first().is_some_and(|next| leaves(next)) {
            return self.candidate("do not sleep before giving up", vec![self.remove(delay.span)]);
        }
        let decides = |row: &&Row<'_>| match row.expr().map(|e| &e.kind) {
            Some(ExprKind::If { then, els: None, .. }) => rows(then, &self.source.text).last().is_some_and(leaves),
            _ => false,
        };
        let give_up = siblings.iter().position(decides)?;
        let text = self.text(siblings[give_up].span);
        // What is decided must not rest on what comes before it now.
        let written = |row: &&Row<'_>| match (row.stmt, row.expr().map(|e| &e.kind)) {
            (_, Some(ExprKind::Assign { place, .. })) => has_word(text, self.text(place.span)),
            (Stmt::Let { .. }, _) => true,
            _ => false,
        };
        if siblings[..give_up].iter().any(written) {
            return None;
        }
        let edits = vec![self.before(delay.span, text), self.remove(siblings[give_up].span)];
        self.candidate("decide to give up before the delay", edits)
    }
}

/// A pattern that is a value as well.
fn is_value(pat: &Pat) -> bool {
    match &pat.kind {
        PatKind::Path(_) | PatKind::Lit(_) => true,
        PatKind::TupleStruct(path, parts) => path.last() == "Some" && parts.iter().all(is_value),
        _ => false,
    }
}

/// The statement leaves whatever is around it.
fn leaves(row: &Row<'_>) -> bool {
    match row.expr().map(|e| &e.kind) {
        Some(ExprKind::Return(_) | ExprKind::Break { .. }) => true,
        Some(ExprKind::Macro(call)) => {
            matches!(call.path.last().as_str(), "bail" | "throw") && matches!(call.body, MacroBody::Args(_))
        }
        _ => false,
    }
}

fn is_place(e: &Expr, name: Name) -> bool {
    match &e.kind {
        ExprKind::Path(path) => path.single() == Some(name),
        ExprKind::Field(_, field) => *field == name,
        _ => false,
    }
}

fn is_unset(e: &Expr) -> bool {
    matches!(e.kind, ExprKind::Lit(Lit::Bool(false) | Lit::Int(0)))
        || matches!(&e.kind, ExprKind::Path(path) if path.last() == "None")
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word)
        .any(|(at, _)| !is_part(text[..at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next()))
}
