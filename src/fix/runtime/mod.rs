//! Repairs with the crate `failfast`: a guard before the loop, asked about the failure in front of the delay.
//!
//! `hand` says how the failure is handed to the guard, with an `impl Classify` from `classify` where its type needs one;
//! `names` says whose guard it is, `voice` how the loop speaks to people. How the loop is left is `exit`'s, as inline.

mod classify;
mod hand;
mod lay;
mod names;
mod voice;

use crate::engine::db::Db;
use crate::engine::pool::PoolFault;
use crate::engine::site::Facts;
use crate::engine::trace::{Event, Handed};
use crate::engine::types::Ty;
use crate::finding::{Edit, SiteKind, Style};
use crate::fix::edit::{Layout, lines};
use crate::fix::exit::{self, Exit};
use crate::fix::inline::{self, Candidate, free_name, insert, refreshes, statement_of};
use crate::fix::scene::{Failed, Scene, is_any_error, signature};
use crate::ir::visit::{self, Node};
use crate::ir::{Block, ExprKind, Name, Span};
use hand::Hand;
use voice::{Tone, Voice};

/// What is doubtful about a guard around more than one operation.
const WORKER: &str =
    "the worker ends at its second refusal, however long after the first, and something has to start it again";

/// Repairs of a site, the best first; else why there is none.
pub fn candidates(db: &Db<'_>, facts: &Facts) -> Result<Vec<Candidate>, String> {
    match facts.kind {
        SiteKind::Loop => {}
        SiteKind::Recursion => return Err("a function that calls itself is not repaired".to_owned()),
        SiteKind::Combinator | SiteKind::Policy | SiteKind::Comment => {
            return Err("calls of retry libraries are not repaired with `failfast`; try `--style inline`".to_owned());
        }
    }
    if !facts.dead.burns() && !facts.forbidden.burns() {
        return Err("the loop stops; what is wrong is how, and a guard of `failfast` does not change that".to_owned());
    }
    let nowhere = || "the run could not be followed statement by statement".to_owned();
    let scene = Scene::of(db, facts).ok_or_else(nowhere)?;
    if changes_key(&scene) {
        return Err("the loop may go on with another key, and a guard of one credential would stop it".to_owned());
    }
    let package = db.program().file(scene.file).package.as_ref();
    if package.is_some_and(|package| package.krate == "failfast") {
        return Err("it stands in `failfast` itself".to_owned());
    }
    inline::gather(&scene, |sight, failed| {
        let (hands, exits) = (hand::hands(&scene, sight, failed)?, exit::exits(&scene, sight, failed)?);
        let mut out = Vec::new();
        for hand in &hands {
            for exit in &exits {
                let exit = &ended(&scene, exit);
                let again = again(&scene, sight);
                out.extend(again.map(|again| guard(&scene, sight, failed, hand, exit, Some(again))));
                out.push(guard(&scene, sight, failed, hand, exit, None));
            }
        }
        Ok(out)
    })
}

/// The loop comes round with another key than it failed with, as far as the runs or the names of its calls tell. Where
/// its pool was seen to have none left, it does not.
fn changes_key(scene: &Scene<'_>) -> bool {
    let handed: Vec<Handed> = scene
        .shown
        .run
        .last_round()
        .iter()
        .filter_map(|e| match e {
            Event::Rotate(_, handed) => Some(*handed),
            _ => None,
        })
        .collect();
    // The loop knows when there is none left, and only does not stop then: the guard's case.
    let fault = scene.facts.pool.map(|(fault, _)| fault).filter(|fault| *fault != PoolFault::Ignored);
    if fault.is_some() || !handed.is_empty() {
        return fault.is_some() || handed.iter().any(|handed| *handed != Handed::Nothing);
    }
    let words = &scene.db.lookup.models.words;
    let mut found = false;
    visit::block(scene.body, &mut |node| {
        if let Node::Expr(e) = node
            && scene.facts.site.contains(e.span)
            && let ExprKind::Method { recv, name, .. } = &e.kind
        {
            let on = scene.text(recv.span).rsplit(['.', '&', ' ']).next().unwrap_or_default();
            found |= words.names("rotate", name.as_str()) && words.names("pool", on);
        }
        !found
    });
    found
}

/// The guard at a sight. `again` is what goes back to the attempt at once; without it the loop's own way back is taken,
/// delay included.
fn guard(
    scene: &Scene<'_>,
    sight: usize,
    failed: &Failed,
    hand: &Hand,
    exit: &Exit,
    again: Option<String>,
) -> Candidate {
    let at = scene.sights[sight].span;
    let layout = Layout::of(&scene.source.text);
    let voice = Voice::of(scene, failed.name);
    let name = free_name(scene, &["guard", "auth_guard", "refusal_guard"]);
    let declared = [(0, format!("let mut {name} = {};", names::guard(scene))), (0, String::new())];
    let start = statement_of(scene.body, scene.facts.site).start;
    let mut edits = vec![scene.edit(Span { start, end: start }, lines(layout, start, &declared))];
    edits.extend(scene.rename_at(sight, failed.name).map(|span| scene.edit(span, failed.name.to_string())));
    let failure = free_name(scene, &["failure", "failed_with", "guarded_failure"]);
    let argument = if hand.is_made { format!("&{failure}") } else { hand.error.clone() };
    let made = hand.is_made.then(|| (0, format!("let {failure} = {};", hand.error)));
    let decided = decision(&format!("{name}.on_refusal({argument})"), exit, again.as_deref(), voice.as_ref());
    let code = hand.within(made.into_iter().chain(decided).collect());
    edits.extend(insert(scene, at, &scene.sights[sight].kind, layout, code));
    edits.extend(hand.edits.iter().cloned());
    sort(&mut edits);
    let message = match again {
        Some(_) => "let `failfast` give up when the credential is refused a second time, without a wait",
        None => "let `failfast` give up when the credential is refused a second time",
    };
    let in_macro = scene.home.span == scene.home.def.name_span;
    let doubt = hand.doubt.clone().or_else(|| exit.doubt.clone());
    let doubt = doubt.or_else(|| in_macro.then(|| "the loop stands in a macro".to_owned()));
    let doubt = doubt.or_else(|| scene.facts.is_worker().then(|| WORKER.to_owned()));
    Candidate { message: message.to_owned(), edits, doubt, needs: hand.needs.clone(), style: Style::Runtime }
}

/// The way out. Where any error does, and the failure itself is none, the guard's own error says most.
fn ended(scene: &Scene<'_>, exit: &Exit) -> Exit {
    let Ty::Result(_, target) = scene.db.lookup.returns(scene.facts.home) else { return exit.clone() };
    let result = scene.source.slice(signature(scene.home)).rsplit_once("->").map_or("", |(_, result)| result);
    let takes_any = matches!(&*target, Ty::Ext(path) if is_any_error(path.as_str())) || result.contains("dyn ");
    let is_made = exit.code.ends_with("error_for_status_ref()?;") || exit.code.contains("bail!(\"the credential was");
    match takes_any && is_made && scene.frame.is_none() {
        true => Exit { code: "return Err(permanent.into());".to_owned(), doubt: None, tells: true },
        false => exit.clone(),
    }
}

/// The guard's answer, and what follows from it.
fn decision(asked: &str, exit: &Exit, again: Option<&str>, voice: Option<&Voice>) -> Vec<(usize, String)> {
    // An error that the caller gets is his to tell.
    let voice_at_end = voice.filter(|_| !exit.code.contains("permanent"));
    let permanent = if voice_at_end.is_some() || exit.code.contains("permanent") { "permanent" } else { "_" };
    let said = voice_at_end.map(|voice| voice.say(Tone::Error, "{permanent}"));
    let leaves = exit.code.trim_end_matches(';');
    let is_one = leaves.starts_with("return") || leaves.starts_with("break");
    let Some(again) = again else {
        let mut code = vec![(0, format!("if let Some(failfast::Next::Abort({permanent})) = {asked} {{"))];
        code.extend(said.map(|said| (1, said)));
        code.extend([(1, exit.code.clone()), (0, "}".to_owned())]);
        return code;
    };
    let mut code = vec![(0, format!("match {asked} {{"))];
    match said {
        None if is_one => code.push((1, format!("Some(failfast::Next::Abort({permanent})) => {leaves},"))),
        said => {
            code.push((1, format!("Some(failfast::Next::Abort({permanent})) => {{")));
            code.extend(said.map(|said| (2, said)));
            code.extend([(2, exit.code.clone()), (1, "}".to_owned())]);
        }
    }
    match voice {
        None => code.push((1, format!("Some(_) => {again},"))),
        Some(voice) => code.extend([
            (1, "Some(_) => {".to_owned()),
            (2, voice.say(Tone::Warn, &format!("the credential was refused, trying once more{}", voice.shown))),
            (2, format!("{again};")),
            (1, "}".to_owned()),
        ]),
    }
    code.extend([(1, "None => {}".to_owned()), (0, "}".to_owned())]);
    code
}

/// What goes back to the loop's head from a sight at once; `None` where that would leave out something that the loop
/// relies on.
fn again(scene: &Scene<'_>, sight: usize) -> Option<String> {
    let at = scene.sights[sight].span;
    let goes_anyway = scene.text(at).starts_with("continue");
    if goes_anyway || !scene.leaves_from(at) || skips_refresh(scene, sight) || keeps_failure(scene, at) {
        return None;
    }
    let site = label(scene)?;
    if site.is_bounded && relies_on_rounds(scene) {
        return None;
    }
    match (scene.is_in_own_loop(at), site.label) {
        (true, _) => Some("continue".to_owned()),
        (false, Some(label)) => Some(format!("continue '{label}")),
        (false, None) => None,
    }
}

/// A new credential is got below: the loop's own way there has to be taken.
fn skips_refresh(scene: &Scene<'_>, sight: usize) -> bool {
    let at = scene.sights[sight].span;
    (0..scene.sights.len()).any(|i| scene.sights[i].span.start >= at.start && refreshes(scene, i))
}

/// `last_error = Some(error);` below: what follows the loop reads it.
fn keeps_failure(scene: &Scene<'_>, at: Span) -> bool {
    let mut found = false;
    visit::block(scene.body, &mut |node| {
        if let Node::Expr(e) = node
            && scene.facts.site.contains(e.span)
            && e.span.start >= at.start
            && let ExprKind::Assign { op: None, place, .. } = &e.kind
        {
            let words = crate::models::split_words(scene.text(place.span));
            found |=
                words.iter().any(|w| matches!(w.as_str(), "last" | "err" | "error" | "failure" | "result" | "reason"));
        }
        !found
    });
    found
}

/// The loop that is the site.
struct Around {
    label: Option<Name>,
    /// It ends by itself when its rounds are used up.
    is_bounded: bool,
}

fn label(scene: &Scene<'_>) -> Option<Around> {
    let mut found = None;
    visit::block(scene.body, &mut |node| {
        let Node::Expr(e) = node else { return true };
        if e.span == scene.facts.site {
            found = match &e.kind {
                ExprKind::Loop { label, .. } => Some(Around { label: *label, is_bounded: false }),
                ExprKind::While { label, .. } | ExprKind::For { label, .. } => {
                    Some(Around { label: *label, is_bounded: true })
                }
                _ => None,
            };
        }
        e.span.contains(scene.facts.site)
    });
    found
}

/// What follows the loop takes for granted that its last round left it, or left something behind.
fn relies_on_rounds(scene: &Scene<'_>) -> bool {
    let after = Span { start: scene.facts.site.end, end: end_of_block(scene.body, scene.facts.site) };
    let text = scene.text(after);
    ["unreachable!", "panic!", "unwrap()", ".expect(", "todo!", "unimplemented!"].iter().any(|w| text.contains(w))
}

/// Where the function, closure or block around a place ends.
fn end_of_block(body: &Block, at: Span) -> u32 {
    let mut end = body.span.end;
    visit::block(body, &mut |node| {
        if let Node::Expr(e) = node
            && e.span.contains(at)
        {
            match &e.kind {
                ExprKind::Closure { body, .. } => end = body.span.end,
                ExprKind::Async(block) => end = block.span.end,
                _ => {}
            }
        }
        true
    });
    end
}

/// By file and place. Within a file, edits are to stand in order.
fn sort(edits: &mut [Edit]) {
    edits.sort_by(|a, b| {
        let key = |edit: &Edit| (edit.place.source.file.clone(), edit.place.span);
        key(a).cmp(&key(b))
    });
}
