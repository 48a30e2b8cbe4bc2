//! Whose guard it is: the service and the credential, by the names that the code has for them.

use crate::engine::types::Ty;
use crate::fix::scene::Scene;
use crate::syntax::program::FnId;

/// Functions below the attempt whose text is looked at.
const DEPTH: usize = 2;

/// How names of the credential itself end.
const SECRETS: &[&str] = &["key", "token", "secret", "password", "passwd", "jwt", "credential", "credentials"];

/// The expression that makes the guard.
pub fn guard(scene: &Scene<'_>) -> String {
    let texts = texts(scene);
    let provider = texts.iter().find_map(|text| host(text)).map_or_else(|| client(scene), str::to_owned);
    let words = &scene.db.lookup.models.words;
    let named: Vec<&str> = texts.iter().flat_map(|text| variables(text)).filter(|n| words.is_credential(n)).collect();
    // `api_key` says what it is; `authenticated` says that there is one.
    let best = named.iter().find(|name| SECRETS.iter().any(|end| name.ends_with(end)));
    let credential = best.or(named.first()).copied().unwrap_or("credential");
    format!("failfast::AuthGuard::ambient(\"{provider}\", \"{credential}\")")
}

/// The texts in which the names may stand: the site's function, and those that the attempt calls.
fn texts<'s>(scene: &Scene<'s>) -> Vec<&'s str> {
    let program = scene.db.program();
    let mut out = vec![scene.text(scene.home.span)];
    let mut open: Vec<FnId> = targets(scene, scene.facts.home, Some(scene.facts.attempt));
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for id in open {
            let data = program.function(id);
            out.push(program.file(data.file).source.slice(data.span));
            next.extend(targets(scene, id, None));
        }
        open = next;
    }
    out
}

/// The functions that a function calls on its way to the network, or that one call of it may run.
fn targets(scene: &Scene<'_>, id: FnId, call: Option<crate::ir::Span>) -> Vec<FnId> {
    let calls = &scene.db.summary(id).calls;
    let mut found: Vec<_> = calls.iter().filter(|(at, _)| call.is_none_or(|call| **at == call)).collect();
    found.sort_by_key(|(at, _)| **at);
    let ids = found.into_iter().flat_map(|(_, call)| call.targets.iter().copied());
    ids.filter(|id| scene.db.hops(*id).is_some()).take(4).collect()
}

/// The host of the first literal URL.
fn host(text: &str) -> Option<&str> {
    ["\"https://", "\"http://"].iter().find_map(|scheme| {
        let rest = &text[text.find(scheme)? + scheme.len()..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c))).unwrap_or(rest.len());
        Some(&rest[..end]).filter(|host| host.contains('.'))
    })
}

/// The type whose method is attempted; else the package.
fn client(scene: &Scene<'_>) -> String {
    let program = scene.db.program();
    let owner = scene.db.call(scene.facts.home, scene.facts.attempt).and_then(|call| {
        let data = program.function(*call.targets.first()?);
        match scene.db.scope(*call.targets.first()?).self_ty {
            Ty::Adt(id, _) if data.def.has_self => Some(program.ty(id).def.name.to_string()),
            _ => None,
        }
    });
    let package = || program.file(scene.file).package.as_ref().map(|package| package.name.clone());
    owner.or_else(package).unwrap_or_else(|| "service".to_owned())
}

/// Names of variables and fields, in order: what is written in lower case and not called.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(is_part)?;
            let after = &rest[start..];
            let end = after.find(|c| !is_part(c)).unwrap_or(after.len());
            let (word, tail) = after.split_at(end);
            rest = tail;
            if word.starts_with(|c: char| c.is_ascii_lowercase())
                && !tail.starts_with(['(', '!', '<', '"'])
                && !tail.starts_with("::")
            {
                return Some(word);
            }
        }
    })
}
