//! Lowering: what each construct becomes, where it stands, and what is saved of text that is not Rust.

use std::fmt::Write as _;

use proptest::prelude::*;
use retrylint::ir::visit::{self, Node};
use retrylint::ir::{Block, Expr, ExprKind, Item, ItemKind, Lit, MacroBody, Pat, PatKind, Path, Span, Stmt, Type};
use retrylint::syntax::{MAX_DEPTH, Parsed, parse};

// ---- a compact way to write the IR down

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(" ")
}

fn option<T>(item: &Option<T>, show: impl Fn(&T) -> String) -> String {
    item.as_ref().map_or("-".to_owned(), show)
}

fn path(path: &Path) -> String {
    let mut text = list(&path.segments, ToString::to_string).replace(' ', "::");
    if !path.args.is_empty() {
        let _ = write!(text, "<{}>", list(&path.args, ty));
    }
    match &path.qself {
        Some(qself) => format!("<{}>{text}", ty(qself)),
        None => text,
    }
}

fn ty(node: &Type) -> String {
    match node {
        Type::Path(inner) => path(inner),
        Type::Ref(inner) => format!("&{}", ty(inner)),
        Type::Tuple(parts) => format!("({})", list(parts, ty)),
        Type::Slice(inner) => format!("[{}]", ty(inner)),
        Type::Impl(bounds) => format!("impl({})", list(bounds, ty)),
        Type::Dyn(bounds) => format!("dyn({})", list(bounds, ty)),
        Type::Fn { params, ret } => format!("fn({})->{}", list(params, ty), option(ret, |ret| ty(ret))),
        Type::Assoc { bound, value } => format!("{}={}", path(bound), ty(value)),
        Type::Infer => "_".to_owned(),
        Type::Never => "!".to_owned(),
        Type::Opaque => "?".to_owned(),
    }
}

fn pat(node: &Pat) -> String {
    let range = |lo: &Option<Box<Expr>>, hi: &Option<Box<Expr>>, inclusive: bool| {
        format!("{}..{}{}", option(lo, |e| expr(e)), if inclusive { "=" } else { "" }, option(hi, |e| expr(e)))
    };
    match &node.kind {
        PatKind::Wild => "_".to_owned(),
        PatKind::Rest => "..".to_owned(),
        PatKind::Opaque => "?".to_owned(),
        PatKind::Bind { name, sub: None } => name.to_string(),
        PatKind::Bind { name, sub: Some(sub) } => format!("{name}@{}", pat(sub)),
        PatKind::Path(inner) => format!("path {}", path(inner)),
        PatKind::TupleStruct(name, parts) => format!("{}({})", path(name), list(parts, pat)),
        PatKind::Struct(name, fields) => {
            format!("{}{{{}}}", path(name), list(fields, |(name, inner)| format!("{name}:{}", pat(inner))))
        }
        PatKind::Tuple(parts) => format!("({})", list(parts, pat)),
        PatKind::Slice(parts) => format!("[{}]", list(parts, pat)),
        PatKind::Or(parts) => format!("or({})", list(parts, pat)),
        PatKind::Lit(value) => expr(value),
        PatKind::Range { lo, hi, inclusive } => range(lo, hi, *inclusive),
        PatKind::Ref(inner) => format!("&{}", pat(inner)),
    }
}

fn block(node: &Block) -> String {
    let stmt = |stmt: &Stmt| match stmt {
        Stmt::Let { pat: bound, ty: annotation, init, els, .. } => {
            let mut text = format!("let {}", pat(bound));
            if let Some(annotation) = annotation {
                let _ = write!(text, ":{}", ty(annotation));
            }
            if let Some(init) = init {
                let _ = write!(text, "={}", expr(init));
            }
            if let Some(els) = els {
                let _ = write!(text, " else {}", block(els));
            }
            text + ";"
        }
        Stmt::Expr { expr: inner, semi } => expr(inner) + if *semi { ";" } else { "" },
        Stmt::Item(inner) => item(inner),
    };
    format!("{{{}}}", list(&node.stmts, stmt))
}

fn expr(node: &Expr) -> String {
    let label = |label: &Option<retrylint::ir::Name>| label.map_or(String::new(), |label| format!("'{label} "));
    let boxed = |node: &Option<Box<Expr>>| option(node, |node| expr(node));
    match &node.kind {
        ExprKind::Lit(Lit::Int(value)) => value.to_string(),
        ExprKind::Lit(Lit::Float(value)) => format!("{value:?}"),
        ExprKind::Lit(Lit::Str(value)) => format!("{:?}", value.as_str()),
        ExprKind::Lit(Lit::Char(value)) => format!("{value:?}"),
        ExprKind::Lit(Lit::Bytes) => "bytes".to_owned(),
        ExprKind::Lit(Lit::Bool(value)) => value.to_string(),
        ExprKind::Path(inner) => path(inner),
        ExprKind::Field(base, name) => format!("(. {} {name})", expr(base)),
        ExprKind::Index(base, index) => format!("(index {} {})", expr(base), expr(index)),
        ExprKind::Unary(op, inner) => format!("({op:?} {})", expr(inner)),
        ExprKind::Ref { mutable, expr: inner } => format!("(&{} {})", if *mutable { "mut" } else { "" }, expr(inner)),
        ExprKind::Binary(op, a, b) => format!("({op:?} {} {})", expr(a), expr(b)),
        ExprKind::Assign { op: None, place, value } => format!("(= {} {})", expr(place), expr(value)),
        ExprKind::Assign { op: Some(op), place, value } => format!("({op:?}= {} {})", expr(place), expr(value)),
        ExprKind::Cast(inner, to) => format!("(as {} {})", expr(inner), ty(to)),
        ExprKind::Call { callee, args } => format!("(call {} [{}])", expr(callee), list(args, expr)),
        ExprKind::Method { recv, name, turbofish, args, .. } => {
            let types = if turbofish.is_empty() { String::new() } else { format!("<{}>", list(turbofish, ty)) };
            format!("(.{name}{types} {} [{}])", expr(recv), list(args, expr))
        }
        ExprKind::Await(inner) => format!("(await {})", expr(inner)),
        ExprKind::Try(inner) => format!("(? {})", expr(inner)),
        ExprKind::If { cond, then, els } => format!("(if {} {} {})", expr(cond), block(then), boxed(els)),
        ExprKind::Let { pat: bound, expr: value } => format!("(let {} {})", pat(bound), expr(value)),
        ExprKind::Match { scrutinee, arms } => {
            let arm = |arm: &retrylint::ir::Arm| {
                let guard = arm.guard.as_ref().map_or(String::new(), |guard| format!(" if {}", expr(guard)));
                format!("[{}{guard} => {}]", pat(&arm.pat), expr(&arm.body))
            };
            format!("(match {} {})", expr(scrutinee), list(arms, arm))
        }
        ExprKind::Loop { label: name, body } => format!("({}loop {})", label(name), block(body)),
        ExprKind::While { label: name, cond, body } => format!("({}while {} {})", label(name), expr(cond), block(body)),
        ExprKind::For { label: name, pat: bound, iter, body } => {
            format!("({}for {} {} {})", label(name), pat(bound), expr(iter), block(body))
        }
        ExprKind::Break { label: name, value } => format!("(break {}{})", label(name), boxed(value)),
        ExprKind::Continue { label: name } => format!("(continue {})", label(name).trim()),
        ExprKind::Return(value) => format!("(return {})", boxed(value)),
        ExprKind::Closure { params, body, is_async } => {
            let param = |param: &retrylint::ir::Param| format!("{}:{}", pat(&param.pat), ty(&param.ty));
            format!("({}|{}| {})", if *is_async { "async " } else { "" }, list(params, param), expr(body))
        }
        ExprKind::Async(body) => format!("(async {})", block(body)),
        ExprKind::Block { label: name, block: body, is_try } => {
            format!("({}{}{})", label(name), if *is_try { "try " } else { "" }, block(body))
        }
        ExprKind::Struct { path: name, fields, rest } => {
            let fields = list(fields, |(name, value)| format!("{name}:{}", expr(value)));
            format!("(new {} {fields} ..{})", path(name), boxed(rest))
        }
        ExprKind::Tuple(parts) => format!("(tuple {})", list(parts, expr)),
        ExprKind::Array(parts) => format!("(array {})", list(parts, expr)),
        ExprKind::Repeat(elem, len) => format!("(repeat {} {})", expr(elem), expr(len)),
        ExprKind::Range { lo, hi, inclusive } => {
            format!("({}..{}{})", boxed(lo), if *inclusive { "=" } else { "" }, boxed(hi))
        }
        ExprKind::Macro(call) => {
            let body = match &call.body {
                MacroBody::Matches { expr: value, pat: bound, guard } => {
                    let guard = guard.as_ref().map_or(String::new(), |guard| format!(" if {}", expr(guard)));
                    format!("{} ~ {}{guard}", expr(value), pat(bound))
                }
                MacroBody::Select(arms) => list(arms, |arm| {
                    let guard = arm.guard.as_ref().map_or(String::new(), |guard| format!(" if {}", expr(guard)));
                    let head = format!("{} <- {}{guard}", option(&arm.pat, pat), option(&arm.future, expr));
                    format!("[{head} => {}]", expr(&arm.body))
                }),
                MacroBody::Args(args) => list(args, expr),
                MacroBody::Block(body) => block(body),
                MacroBody::Opaque => "?".to_owned(),
            };
            format!("({}! {body})", path(&call.path))
        }
        ExprKind::Opaque => "?".to_owned(),
    }
}

fn item(node: &Item) -> String {
    let items = |items: &[Item]| format!("{{{}}}", list(items, item));
    let generics = |generics: &[retrylint::ir::Generic]| {
        let one = |generic: &retrylint::ir::Generic| format!("{}:({})", generic.name, list(&generic.bounds, ty));
        if generics.is_empty() { String::new() } else { format!("<{}>", list(generics, one)) }
    };
    let public = |is_pub: bool| if is_pub { "pub " } else { "" };
    let text = match &node.kind {
        ItemKind::Fn(f) => {
            let params = list(&f.params, |param| format!("{}:{}", pat(&param.pat), ty(&param.ty)));
            let is_async = if f.is_async { "async " } else { "" };
            let ret = option(&f.ret, ty);
            let (public, generics, body) = (public(f.is_pub), generics(&f.generics), option(&f.body, block));
            format!("{public}{is_async}fn {}{generics}({params})->{ret} {body}", f.name)
        }
        ItemKind::Type(def) => {
            let variant = |variant: &retrylint::ir::Variant| {
                let field = |field: &retrylint::ir::Field| {
                    let mark = match (field.from, field.source) {
                        (true, _) => "from ",
                        (false, true) => "source ",
                        _ => "",
                    };
                    format!("{mark}{}:{}", field.name, ty(&field.ty))
                };
                let value = variant.discriminant.as_ref().map_or(String::new(), |value| format!("={}", expr(value)));
                let message = variant.message.map_or(String::new(), |text| format!("{:?} ", text.as_str()));
                let shape = if variant.is_tuple { "()" } else { "" };
                format!("{message}{}{shape}[{}]{value}", variant.name, list(&variant.fields, field))
            };
            let word = if def.is_enum { "enum" } else { "struct" };
            let derives = list(&def.derives, ToString::to_string);
            let (public, generics) = (public(def.is_pub), generics(&def.generics));
            format!("{public}{word} {}{generics} #[{derives}] {{{}}}", def.name, list(&def.variants, variant))
        }
        ItemKind::Impl(def) => {
            let name = def.trait_.as_ref().map_or(String::new(), |name| format!("{} for ", path(name)));
            format!("impl{} {name}{} {}", generics(&def.generics), ty(&def.self_ty), items(&def.items))
        }
        ItemKind::Trait(def) => format!("{}trait {} {}", public(def.is_pub), def.name, items(&def.items)),
        ItemKind::Const(def) => format!("const {}:{}={};", def.name, ty(&def.ty), option(&def.value, expr)),
        ItemKind::Use(def) => {
            let path = list(&def.path, ToString::to_string).replace(' ', "::");
            format!("{}use {path}{} as {};", public(def.is_pub), if def.glob { "::*" } else { "" }, def.alias)
        }
        ItemKind::Alias(def) => format!("type {}{}={};", def.name, generics(&def.generics), ty(&def.ty)),
        ItemKind::Mod(def) => {
            let path = def.path.map_or(String::new(), |path| format!(" at {path}"));
            format!("mod {}{path} {}", def.name, option(&def.items, |inner| items(inner)))
        }
        ItemKind::MacroRules(def) => format!("macro {} {}", def.name, list(&def.bodies, block)),
        ItemKind::Items(inner) => format!("items {}", items(inner)),
    };
    if node.is_test { format!("test {text}") } else { text }
}

fn items(text: &str) -> String {
    let parsed = parse(text);
    assert_eq!(parsed.problem, None, "{text}");
    check(&parsed, text);
    list(&parsed.file.items, item)
}

/// The body of a function with this text.
fn body(text: &str) -> String {
    let items = items(&format!("fn f() {{\n{text}\n}}"));
    items.strip_prefix("fn f()->- {").and_then(|rest| rest.strip_suffix('}')).expect("a function").to_owned()
}

#[track_caller]
fn table(lower: fn(&str) -> String, rows: &[(&str, &str)]) {
    for (text, expected) in rows {
        assert_eq!(lower(text), *expected, "{text}");
    }
}

// ---- spans

/// Every span lies in the text, on characters, and in its parent's.
fn check(parsed: &Parsed, text: &str) {
    let whole = Span { start: 0, end: text.len() as u32 };
    for skipped in &parsed.file.skipped {
        slice(text, *skipped);
        assert!(whole.contains(*skipped));
    }
    for item in &parsed.file.items {
        check_item(item, whole, text);
    }
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize).unwrap_or_else(|| panic!("{span:?} of {}", text.len()))
}

fn check_span(span: Span, parent: Span, text: &str) {
    let of = slice(text, span);
    assert!(parent.contains(span), "{span:?} {of:?} outside of {parent:?}");
    assert!(span.start < span.end, "{span:?} is empty");
}

fn check_item(item: &Item, parent: Span, text: &str) {
    check_span(item.span, parent, text);
    match &item.kind {
        ItemKind::Fn(f) => {
            check_span(f.name_span, item.span, text);
            for param in &f.params {
                check_node(Node::Pat(&param.pat), item.span, text);
            }
            f.body.iter().for_each(|body| check_block(body, item.span, text));
        }
        ItemKind::Impl(def) => def.items.iter().for_each(|inner| check_item(inner, item.span, text)),
        ItemKind::Trait(def) => def.items.iter().for_each(|inner| check_item(inner, item.span, text)),
        ItemKind::Mod(def) => def.items.iter().flatten().for_each(|inner| check_item(inner, item.span, text)),
        ItemKind::Items(items) => items.iter().for_each(|inner| check_item(inner, item.span, text)),
        ItemKind::Const(def) => def.value.iter().for_each(|value| check_node(Node::Expr(value), item.span, text)),
        ItemKind::MacroRules(def) => def.bodies.iter().for_each(|body| check_block(body, item.span, text)),
        ItemKind::Type(def) => {
            for variant in &def.variants {
                check_span(variant.span, item.span, text);
                variant.discriminant.iter().for_each(|value| check_node(Node::Expr(value), variant.span, text));
            }
        }
        ItemKind::Use(_) | ItemKind::Alias(_) => {}
    }
}

fn check_block(block: &Block, parent: Span, text: &str) {
    check_span(block.span, parent, text);
    for stmt in &block.stmts {
        if let Stmt::Let { span, els, .. } = stmt {
            check_span(*span, block.span, text);
            els.iter().for_each(|els| check_span(els.span, *span, text));
        }
    }
    visit::block(block, &mut |child| {
        if let Node::Stmt(_) = child {
            return true;
        }
        check_node(child, block.span, text);
        false
    });
}

fn check_node(node: Node<'_>, parent: Span, text: &str) {
    let span = match node {
        // Its parts are visited one by one.
        Node::Stmt(_) => return,
        Node::Expr(node) => node.span,
        Node::Pat(node) => node.span,
        Node::Item(node) => return check_item(node, parent, text),
    };
    check_span(span, parent, text);
    let mut root = true;
    let mut child = |child: Node<'_>| {
        if std::mem::take(&mut root) || matches!(child, Node::Stmt(_)) {
            return true;
        }
        check_node(child, span, text);
        false
    };
    match node {
        Node::Stmt(_) => {}
        Node::Expr(node) => {
            visit::expr(node, &mut child);
            match &node.kind {
                ExprKind::Method { name, name_span, .. } => {
                    check_span(*name_span, span, text);
                    assert_eq!(slice(text, *name_span).trim_start_matches("r#").trim_start_matches('$'), name.as_str());
                }
                ExprKind::Loop { body, .. } => check_block(body, span, text),
                ExprKind::Async(body) => check_block(body, span, text),
                ExprKind::Path(path) => check_span(path.span, span, text),
                _ => {}
            }
        }
        Node::Pat(node) => visit::pat(node, &mut child),
        Node::Item(_) => {}
    }
}

/// The text of every node of a file, outermost first.
fn slices(text: &str) -> Vec<String> {
    let parsed = parse(text);
    assert_eq!(parsed.problem, None, "{text}");
    check(&parsed, text);
    let mut found = Vec::new();
    for item in &parsed.file.items {
        found.push(slice(text, item.span).to_owned());
        if let ItemKind::Fn(retrylint::ir::Fn { body: Some(body), .. }) = &item.kind {
            visit::block(body, &mut |node| {
                found.push(match node {
                    Node::Stmt(_) => return true,
                    Node::Expr(node) => slice(text, node.span).to_owned(),
                    Node::Pat(node) => slice(text, node.span).to_owned(),
                    Node::Item(node) => slice(text, node.span).to_owned(),
                });
                true
            });
        }
    }
    found
}

#[test]
fn spans_are_the_code() {
    let text = "/// Doc é.\n#[inline]\npub(crate) async fn f(&mut self) {\n    let mut x: u8 = (a + -b.c()?) as u8;\n    \
                'l: loop {\n        break 'l g(\"é\", |y| y.await);\n    }\n}\n";
    let expected = [
        text.trim_end(),
        "(a + -b.c()?) as u8",
        "(a + -b.c()?)",
        "a",
        "-b.c()?",
        "b.c()?",
        "b.c()",
        "b",
        "mut x",
        "'l: loop {\n        break 'l g(\"é\", |y| y.await);\n    }",
        "break 'l g(\"é\", |y| y.await)",
        "g(\"é\", |y| y.await)",
        "g",
        "\"é\"",
        "|y| y.await",
        "y",
        "y.await",
        "y",
    ];
    assert_eq!(slices(text), expected);
}

#[test]
fn spans_are_bytes_of_the_original_text() {
    let text = "fn f() {\n    for i in 0..3 {\n        select! { a = f(é) => match a { Ok(x) | Err(x) if x == \"ü\" => g!(x, \
                [1; 2]), _ => {} } }\n    }\n    let Some(x) = y.0.1 else { return };\n}\nconst A: u8 = 1;\n";
    let plain = slices(text);
    for before in
        ["\u{feff}", "#!/usr/bin/env run\n", "\u{feff}#!/bin/é\n", "// é\u{1f980}\n", "---\nname = \"é\"\n---\n"]
    {
        assert_eq!(slices(&format!("{before}{text}")), plain, "{before:?}");
    }
    assert_eq!(slices(&text.replace('\n', "/*é*/\n")).join("").replace("/*é*/", ""), plain.join(""));
    let windows = slices(&text.replace('\n', "\r\n"));
    assert_eq!(windows.join("|").replace('\r', ""), plain.join("|"));
    // `#![..]` is an attribute, not a shebang.
    assert_eq!(slices(&format!("#![allow(unused)]\n{text}")), plain);
}

// ---- items

#[test]
fn functions() {
    table(
        items,
        &[
            ("fn f() {}", "fn f()->- {}"),
            ("pub async fn f(a: u8, (b, _): (A, B)) -> R<T> { a }", "pub async fn f(a:u8 (b _):(A B))->R<T> {a}"),
            ("pub(crate) const unsafe extern \"C\" fn f() {}", "pub fn f()->- {}"),
            (
                "impl A { fn f(&mut self, x: X) {} fn g(self: Arc<Self>); }",
                "impl A {fn f(self:Self x:X)->- {} fn g(self:Self)->- -}",
            ),
            (
                "fn f<'a, T: Clone + 'a, const N: usize, F>(f: F) where F: FnMut(u8) -> T, T::E: Into<E>, T: Send {}",
                "fn f<T:(Clone Send) F:(fn(u8)->T) T::E:(Into<E>)>(f:F)->- {}",
            ),
            (
                "fn f(op: impl Fn() -> F + Send, b: &dyn A) -> impl Future<Output = Result<(), E>> {}",
                "fn f<op:(fn()->F Send)>(op:impl(fn()->F Send) b:&dyn(A))->impl(Future=Result<() E>) {}",
            ),
            (
                "fn f(a: fn(u8) -> !, b: &[u8; 4], c: *const (), d: <T as I>::X) -> _ {}",
                "fn f(a:fn(u8)->! b:&[u8] c:&() d:<T>T::X)->_ {}",
            ),
            ("fn r#type() {}", "fn type()->- {}"),
        ],
    );
}

#[test]
fn types_and_constants() {
    table(
        items,
        &[
            (
                "#[derive(Debug, thiserror::Error)] pub enum E { #[error(\"bad {0}\")] A(#[from] io::Error), B { #[source] c: C }, D = 4 }",
                "pub enum E #[Debug Error] {\"bad {0}\" A()[from 0:io::Error] B[source c:C] D[]=4}",
            ),
            ("struct S<T>(T, u8);", "struct S<T:()> #[] {S()[0:T 1:u8]}"),
            ("#[error(\"x\")] struct S { a: A }", "struct S #[] {\"x\" S[a:A]}"),
            ("struct U; union V { a: u8 }", "struct U #[] {U[]} struct V #[] {V[a:u8]}"),
            ("const A: u8 = 1; pub static mut B: &str = \"x\";", "const A:u8=1; const B:&str=\"x\";"),
            ("type R<T> = Result<T, E>;", "type R<T:()>=Result<T E>;"),
            (
                "impl<T: A> Tr<T> for S<T> { const N: u8 = 1; type O = u8; fn f() {} }",
                "impl<T:(A)> Tr<T> for S<T> {const N:u8=1; type O=u8; fn f()->- {}}",
            ),
            (
                "pub trait T { const N: u8; fn f(&self) -> bool { true } fn g(); type A; }",
                "pub trait T {const N:u8=-; fn f(self:Self)->bool {true} fn g()->- -}",
            ),
            ("extern crate a as b; extern \"C\" { fn f(); }", "use a as b;"),
        ],
    );
}

#[test]
fn imports_and_modules() {
    table(
        items,
        &[
            (
                "pub use a::b::{self, c as d, e::*, f::{g, h as _}};",
                "pub use a::b as b; pub use a::b::c as d; pub use a::b::e::* as e; pub use a::b::f::g as g; pub use a::b::f::h as _;",
            ),
            (
                "use ::a::b; use crate::c; use super::*; use d;",
                "use a::b as b; use crate::c as c; use super::* as super; use d as d;",
            ),
            (
                "mod a; #[path = \"x.rs\"] mod b; mod c { #![allow(x)] fn f() {} }",
                "mod a - mod b at x.rs - mod c {fn f()->- {}}",
            ),
        ],
    );
}

#[test]
fn test_code_is_marked() {
    table(
        items,
        &[
            (
                "#[test] fn f() {} #[tokio::test(flavor = \"x\")] async fn g() {} #[rstest] fn h() {}",
                "test fn f()->- {} test async fn g()->- {} test fn h()->- {}",
            ),
            (
                "#[cfg(test)] mod t {} #[cfg(any(test, feature = \"x\"))] mod u {} #[cfg(all(unix, test))] use v;",
                "test mod t {} test mod u {} test use v as v;",
            ),
            ("#[cfg(not(test))] fn f() {} #[cfg(feature = \"test\")] fn g() {}", "fn f()->- {} fn g()->- {}"),
            ("#![cfg(test)] fn f() {}", "test fn f()->- {}"),
            ("mod t { #![cfg(test)] }", "test mod t {}"),
        ],
    );
}

#[test]
fn item_macros() {
    table(
        items,
        &[
            (
                "thread_local! { static A: u8 = 1; pub static B: u8 = const { 2 } }",
                "items {const A:u8=1; const B:u8=({2});}",
            ),
            ("lazy_static::lazy_static! { static ref A: u8 = f(); }", "items {const A:u8=(call f []);}"),
            (
                "cfg_if! { if #[cfg(a)] { fn f() {} } else if #[cfg(b)] { use c; } else { fn g() {} } }",
                "items {fn f()->- {} use c as c; fn g()->- {}}",
            ),
            ("cfg_rt! { pub fn f() {} } other!(a, b => c);", "items {pub fn f()->- {}}"),
            ("impl A { forward! { fn f() {} } }", "impl A {fn f()->- {}}"),
            (
                "macro_rules! m { ($x:expr, $t:ty) => { loop { $x.f::<$t>()?; } }; ($($a:expr),* $(,)?) => {{ $(g($a);)* }}; ($b:block $v:vis $type:ident) => { $v fn f() $b $crate::h($type, $self) }; () => {}; }",
                "macro m {(loop {(? (.f<t> x []));})} {({(call g [a]);})} {fn f()->- {b} (call crate::h [type_ self])}",
            ),
        ],
    );
}

// ---- bodies

#[test]
fn literals_and_operators() {
    table(
        body,
        &[
            (
                "1_000; 0x10; 5u64; 1e3; 2.5f64; 1f32; 99999999999999999999999999999999999999999",
                "1000; 16; 5; 1000.0; 2.5; 1.0; ?",
            ),
            ("\"a\\n\"; r#\"b\"#; c\"c\"; b\"d\"; b'e'; 'f'; true", "\"a\\n\"; \"b\"; \"c\"; bytes; bytes; 'f'; true"),
            ("-1; !a; *b; &c; &mut d; &raw const e", "(Neg 1); (Not a); (Deref b); (& c); (&mut d); (& e)"),
            ("a + b * c && d == e || f", "(Or (And (Add a (Mul b c)) (Eq d e)) f)"),
            (
                "a = b; a.b += 1; a <<= 2; (a, b[0]) = c; _ = d",
                "(= a b); (Add= (. a b) 1); (Shl= a 2); (= (tuple a (index b 0)) c); (= _ d)",
            ),
            ("(a + b) * c; ((a))", "(Mul (Add a b) c); a"),
            ("a as u8; a as &dyn T", "(as a u8); (as a &dyn(T))"),
            ("a..b; a..=b; ..; ..b; a..", "(a..b); (a..=b); (-..-); (-..b); (a..-)"),
            (
                "x.0.1; a::<T>::b; <A as T>::f; <[u8]>::g; self.r#type",
                "(. (. x 0) 1); a::b<T>; <A>A::f; <[u8]>g; (. self type)",
            ),
        ],
    );
}

#[test]
fn calls_and_values() {
    table(
        body,
        &[
            ("a.b::<T, 3>(c)?.d().await", "(await (.d (? (.b<T> a [c])) []))"),
            ("f(1, g)(2)", "(call (call f [1 g]) [2])"),
            ("A { b, c: 1, 0: 2, ..d() }; A {}", "(new A b:b c:1 0:2 ..(call d [])); (new A  ..-)"),
            ("(); (a,); [a, b]; [0; 4]", "(tuple ); (tuple a); (array a b); (repeat 0 4)"),
            (
                "|a, mut b: u8| a; move || {}; async |x| y; async move {}; async { 1 }",
                "(|a:_ b:u8| a); (|| ({})); (async |x:_| y); (async {}); (async {1})",
            ),
            ("|x: u8| -> R { x }", "(|x:u8| ({x}))"),
            (
                "unsafe { a }; const { 1 }; try { b? }; 'l: { break 'l 1 }",
                "({a}); ({1}); (try {(? b)}); ('l {(break 'l 1)})",
            ),
        ],
    );
}

#[test]
fn statements() {
    table(
        body,
        &[
            (
                "let a = 1; let b: u8; let Some(c) = d else { return }; a",
                "let a=1; let b:u8; let Some(c)=d else {(return -)}; a",
            ),
            ("a; b", "a; b"),
            ("if a { b } c(); ;; match d {} loop {}", "(if a {b} -) (call c []); (match d ) (loop {})"),
            (
                "fn g() {} use a::{b, c}; const D: u8 = 1; g()",
                "fn g()->- {} use a::b as b; use a::c as c; const D:u8=1; (call g [])",
            ),
            ("m! { a } n! {} o!(); p!()", "(m! {a}); (n! {}); (o! ); (p! )"),
            ("m! { a }", "(m! {a})"),
            ("m! { a }.b()", "(.b (m! {a}) [])"),
            ("thread_local! { static A: u8 = 1 }", "const A:u8=1;"),
        ],
    );
}

#[test]
fn control_flow() {
    table(
        body,
        &[
            ("if a {} else if b { 1 } else { 2 }", "(if a {} (if b {1} ({2})))"),
            (
                "if let Some(a) = b && a > 1 && let Ok(c) = d {}",
                "(if (And (And (let Some(a) b) (Gt a 1)) (let Ok(c) d)) {} -)",
            ),
            (
                "match a { B(c) if c > 1 && let D = e => f, _ | G => { h } }",
                "(match a [B(c) if (And (Gt c 1) (let D e)) => f] [or(_ G) => ({h})])",
            ),
            (
                "'a: loop { break 'a; } 'b: while c { continue 'b } 'd: for e in f { break }",
                "('a loop {(break 'a -);}) ('b while c {(continue 'b)}) ('d for e f {(break -)})",
            ),
            (
                "while let Some(a) = b {} loop { return Err(c) }",
                "(while (let Some(a) b) {}) (loop {(return (call Err [c]))})",
            ),
            ("become f(1)", "(return (call f [1]))"),
        ],
    );
}

#[test]
fn patterns() {
    let lower = |text: &str| {
        body(&format!("match x {{ {text} => () }}")).replace("(match x [", "").replace(" => (tuple )])", "")
    };
    table(
        lower,
        &[
            ("_", "_"),
            ("a", "a"),
            ("ref mut a @ Some(_)", "a@Some(_)"),
            ("A::B", "path A::B"),
            ("<T>::B", "path <T>T::B"),
            ("A::B(c, .., 1)", "A::B(c .. 1)"),
            ("A { b, c: Some(d), ref e, .. }", "A{b:b c:Some(d) e:e}"),
            ("(a, ..)", "(a ..)"),
            ("[a, rest @ .., b]", "[a rest@.. b]"),
            ("A | B | (C | D)", "or(A B or(C D))"),
            ("| A | B", "or(A B)"),
            ("-1", "(Neg 1)"),
            ("\"a\"", "\"a\""),
            ("1..=5 | 6.. | ..=7 | -3..X::Y", "or(1..=5 6..- -..=7 (Neg 3)..X::Y)"),
            ("&a", "&a"),
            ("&mut (ref b)", "&b"),
            ("box c", "&c"),
            ("m!()", "?"),
        ],
    );
}

#[test]
fn macros_with_arguments() {
    table(
        body,
        &[
            ("println!(\"{} {x}\", a?, b = c)", "(println! \"{} {x}\" (? a) c)"),
            ("anyhow::bail!(\"x: {}\", e)", "(anyhow::bail! \"x: {}\" e)"),
            ("vec![a, b]; vec![0u8; n]; std::vec![]; vec!{1}", "(array a b); (repeat 0 n); (array ); (array 1)"),
            (
                "warn!(error = %e, ?b, a.c = 1, \"k\" = ?d.e(), r#type = f, target: \"t\", \"msg {}\", g)",
                "(warn! e b 1 (.e d []) f \"t\" \"msg {}\" g)",
            ),
            ("tracing::info!(target: \"x\", parent: &span, %e)", "(tracing::info! \"x\" (& span) e)"),
            ("log::error!(a = 1, b:? = c, d:err = e; \"m\")", "(log::error! 1 c e \"m\")"),
            ("assert!(a == b, \"c\")", "(assert! (Eq a b) \"c\")"),
            ("retry!(loop { f()?; })", "(retry! (loop {(? (call f []));}))"),
            (
                "json!({ \"a\": b, \"c\": [1, { \"d\": null }], &k: f({ x }), })",
                "(json! \"a\" b \"c\" 1 \"d\" null (& k) (call f [({x})]))",
            ),
            (
                "json!([a, b].concat()); json!({ let a: B = c; a })",
                "(json! (.concat (array a b) [])); (json! ({let a:B=c; a}))",
            ),
            ("doc! { \"a\": { \"$in\": b } }", "(doc! \"a\" \"$in\" b)"),
            ("hashmap! { a => b(), c => d }", "(hashmap! a (call b []) c d)"),
            ("m!(a, dyn B, c)", "(m! a ? c)"),
            ("quote! { loop { #a } }; stringify!(a b); m!(a b c)", "(quote! ?); (stringify! ?); (m! ?)"),
        ],
    );
}

#[test]
fn macros_with_patterns() {
    table(
        body,
        &[
            ("matches!(a, 401 | 403)", "(matches! a ~ or(401 403))"),
            ("matches!(a.b(), Some(c) if c > 1)", "(matches! (.b a []) ~ Some(c) if (Gt c 1))"),
            ("assert_matches!(a, B(_), \"c {}\", d)", "(assert_matches! a ~ B(_))"),
        ],
    );
}

#[test]
fn select() {
    table(
        body,
        &[
            (
                "tokio::select! { biased; Some(mut a) = b.c(), if d && e => { f } _ = &mut g => h, else => break }",
                "(tokio::select! [Some(a) <- (.c b []) if (And d e) => ({f})] [_ <- (&mut g) => h] [- <- - => (break -)])",
            ),
            (
                "loop { futures::select! { a = b => c?, complete => return, default => {} }; }",
                "(loop {(futures::select! [a <- b => (? c)] [- <- - => (return -)] [- <- - => ({})]);})",
            ),
            (
                "select_biased! { Ok(a) | Err(a) = b => match a { _ => c } d = e => {}, }",
                "(select_biased! [or(Ok(a) Err(a)) <- b => (match a [_ => c])] [d <- e => ({})])",
            ),
            (
                "crossbeam::select! { recv(a) -> b => c, send(d, e) -> _ => f, default(g) => h }",
                "(crossbeam::select! [b <- (call recv [a]) => c] [_ <- (call send [d e]) => f] [- <- (call default [g]) => h])",
            ),
            ("select! { #[cfg(x)] a = async { b.await } => {} }", "(select! [a <- (async {(await b)}) => ({})])"),
            ("sql_select!(a, b)", "(sql_select! a b)"),
        ],
    );
}

#[test]
fn macros_with_statements() {
    table(
        body,
        &[
            ("stream! { for x in y { yield x; } }", "(stream! {(for x y {(yield! x);})})"),
            ("try_stream! { for await x in y { yield x? } }", "(try_stream! {(for x y {(yield! (? x))})})"),
            ("retry! { let a = b()?; a }", "(retry! {let a=(? (call b [])); a})"),
            ("m!(let a = 1; a)", "(m! {let a=1; a})"),
            ("cfg_if! { if #[cfg(a)] { b().await } else { c() } }", "(if ? {(await (call b []))} ({(call c [])}))"),
            ("m! { a, b }", "(m! a b)"),
        ],
    );
}

// ---- text that is not Rust, or not yet

/// What is left of a text, and the texts that were skipped.
fn saved(text: &str) -> (String, Vec<String>) {
    let parsed = parse(text);
    assert!(parsed.problem.is_some(), "{text}");
    check(&parsed, text);
    let skipped = parsed.file.skipped.iter().map(|span| slice(text, *span).to_owned()).collect();
    (list(&parsed.file.items, item), skipped)
}

#[track_caller]
fn saves(text: &str, left: &str, skipped: &[&str]) {
    assert_eq!(saved(text), (left.to_owned(), skipped.iter().map(ToString::to_string).collect()), "{text}");
}

#[test]
fn nothing_is_fine() {
    for text in
        ["", "// only\n/* comments */", "\u{feff}", "#!/bin/sh", " \r\n", "/// documents nothing", "#![allow(x)]"]
    {
        assert_eq!(items(text), "", "{text:?}");
    }
}

#[test]
fn new_syntax_is_read_as_the_old() {
    table(
        items,
        &[
            (
                "fn f() { gen { yield 1; }; gen move {}; async gen { 2 } }",
                "fn f()->- {(async {(yield! 1);}); (async {}); (async {2})}",
            ),
            ("gen fn f() {} fn g() { super let a = b; }", "fn f()->- {} fn g()->- {let a=b;}"),
        ],
    );
}

#[test]
fn items_are_saved_from_their_neighbours() {
    saves("fn a() {} what is this; fn b() {}", "fn a()->- {} fn b()->- {}", &["what is this;"]);
    saves("garbage fn a() {} ) ]", "", &["garbage fn a() {} ) ]"]);
    saves("garbage here pub fn a() {} more garbage", "pub fn a()->- {}", &["garbage here", "more garbage"]);
    saves(
        "fn a() { x.use } fn b() { let c = ; d(); match e { F => g, + => h, I => { j } } }",
        "fn a()->- {} fn b()->- {(call d []); (match e [F => g] [I => ({j})])}",
        &["x.use", "let c = ;", "+ => h,"],
    );
    saves(
        "mod a { fn b() {} fn ; impl C { fn d() {} nonsense fn e(&self) { loop { f(); @ ; g() } } } }",
        "mod a {fn b()->- {} impl C {fn d()->- {} fn e(self:Self)->- {(loop {(call f []); (call g [])})}}}",
        &["fn ;", "nonsense", "@ ;"],
    );
    saves(
        "trait A { fn b(); fn c(;); fn d() {} } struct E { f: } enum G {}",
        "trait A {fn b()->- - fn d()->- {}} enum G #[] {}",
        &["fn c(;);", "struct E { f: }"],
    );
}

#[test]
fn statements_are_saved_inside_of_calls() {
    saves(
        "fn f() { let a = C { d: 1 }; spawn(async move { g(); let = h; i(C { d: 2 }); }); }",
        "fn f()->- {let a=(new C d:1 ..-); (call spawn [(async {(call g []); (call i [(new C d:2 ..-)]);})]);}",
        &["let = h;"],
    );
    saves("fn f() { if a { b() } else { let } }", "fn f()->- {(if a {(call b [])} ({}))}", &["let"]);
}

#[test]
fn unbalanced_text_is_cut_at_items() {
    saves(
        "fn a() {}\n\nfn b() {\n    if x {\n}\n\n#[inline]\nfn c() {}\n",
        "fn a()->- {} fn c()->- {}",
        &["fn b() {\n    if x {\n}\n\n"],
    );
    saves(
        "fn a() {}\nfn b() { \"open }\nfn c() {}\nstruct D;\n",
        "fn a()->- {} fn c()->- {} struct D #[] {D[]}",
        &["fn b() { \"open }\n"],
    );
    saves("fn a() { /* open\n}\nfn b() {}\n", "fn b()->- {}", &["fn a() { /* open\n}\n"]);
    saves(
        "use a;\nfn b() { '' }\npub fn c() { 'x'; '\\''; 'l: loop {} }",
        "use a as a; pub fn c()->- {'x'; '\\''; ('l loop {})}",
        &["fn b() { '' }\n"],
    );
    saves("}", "", &["}"]);
    saves("fn é() { \u{0}", "", &["fn é() { \u{0}"]);
}

// ---- text that is out to break things

fn deepest(parsed: &Parsed) -> u32 {
    fn expr(node: Node<'_>, depth: u32) -> u32 {
        let (mut root, mut deepest) = (true, depth);
        let mut child = |node: Node<'_>| {
            if std::mem::take(&mut root) || matches!(node, Node::Stmt(_)) {
                return true;
            }
            deepest = deepest.max(expr(node, depth + 1));
            false
        };
        match node {
            Node::Expr(node) => visit::expr(node, &mut child),
            Node::Pat(node) => visit::pat(node, &mut child),
            Node::Item(_) | Node::Stmt(_) => {}
        }
        deepest
    }
    let bodies = parsed.file.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Fn(f) => f.body.as_ref(),
        _ => None,
    });
    let mut deep = 0;
    for body in bodies {
        visit::block(body, &mut |node| {
            if let Node::Stmt(_) = node {
                return true;
            }
            deep = deep.max(expr(node, 1));
            false
        });
    }
    deep
}

#[test]
fn any_nesting_is_survived() {
    const N: usize = 100_000;
    let nested = |open: &str, close: &str| {
        format!("fn a() {{ let b = {}1{}; }}\nfn c() {{}}\n", open.repeat(N), close.repeat(N))
    };
    let typed = |open: &str, close: &str| format!("type A = {}u8{};\nfn c() {{}}\n", open.repeat(N), close.repeat(N));
    let texts = [
        nested("(", ")"),
        nested("[", "]"),
        nested("{", "}"),
        nested("f(|x| {", "})"),
        nested("if a {", "}"),
        nested("m!(", ")"),
        nested("m!{", "}"),
        nested("&", ""),
        nested("& ", ""),
        nested("!", ""),
        nested("- ", ""),
        nested("*", ""),
        nested("return ", ""),
        nested("|| ", ""),
        nested("|a, b| ", ""),
        nested("async move || ", ""),
        nested("a = ", ""),
        nested("a += ", ""),
        nested("if ", "{}"),
        nested("match ", "{}"),
        nested("A::<", ">"),
        nested("<", ">::A"),
        nested("a::", ""),
        nested("'a: loop {", "}"),
        nested("= {}", ""),
        nested("a = {} ", ""),
        nested("..", ""),
        nested("#[a] ", ""),
        nested("{} [", "]"),
        nested("S { a: ", "}"),
        nested("match a { _ => ", "}"),
        nested("match a { (A, B) => ", "}"),
        nested("unsafe ", ""),
        typed("A<", ">"),
        typed("A<B, ", ">"),
        typed("A < B, ", ">"),
        typed("&", ""),
        typed("& 'a mut ", ""),
        typed("*const ", ""),
        typed("fn() -> ", ""),
        typed("Fn() -> ", ""),
        typed("impl Fn() -> ", ""),
        typed("dyn Fn(", ")"),
        typed("(", ")"),
        typed("[", "]"),
        typed("<", ">::A"),
        typed("r#A<", ">"),
        typed("A<{", "}>"),
        format!("use {}a;\nfn c() {{}}\n", "a::".repeat(N)),
        format!("use {}a{};\nfn c() {{}}\n", "a::{".repeat(N), "}".repeat(N)),
        format!("{}{}\nfn c() {{}}\n", "mod a {".repeat(N), "}".repeat(N)),
        format!("{}{}\nfn c() {{}}\n", "fn a() {".repeat(N), "}".repeat(N)),
        format!("fn a() {{ let {}b = c; }}\nfn c() {{}}\n", "&".repeat(N)),
        format!("fn a() {{ let {}b = c; }}\nfn c() {{}}\n", "d @ ".repeat(N)),
        format!("macro_rules! a {{ {} }}\nfn c() {{}}\n", "(".repeat(N) + &")".repeat(N)),
        format!("a!{{ {} }}\nfn c() {{}}\n", "[".repeat(N) + &"]".repeat(N)),
        "(".repeat(N),
        "{".repeat(N),
        ")".repeat(N),
        "/*".repeat(N),
        "\"".repeat(N + 1),
        "'".repeat(N),
        "r#".repeat(N),
        "b'".repeat(N),
        "fn \"\n".repeat(101),
        "fn /*\n".repeat(N),
    ];
    for text in texts {
        let parsed = parse(&text);
        let start: String = text.chars().take(30).collect();
        assert!(deepest(&parsed) <= MAX_DEPTH, "{start}");
        if text.ends_with("fn c() {}\n") && text.starts_with(['f', 't', 'u', 'm', 'a']) {
            let last = parsed.file.items.last().map(item);
            assert!(parsed.problem.is_some() || !parsed.file.skipped.is_empty() || start.contains("#[a]"), "{start}");
            assert_eq!(last.as_deref(), Some("fn c()->- {}"), "{start} {:?}", parsed.problem);
        }
    }
}

#[test]
fn long_chains_are_cut_where_they_are_deepest() {
    const N: usize = 25_000;
    for (link, start) in [
        (".f()", "a"),
        ("?", "a"),
        (" + 1", "a"),
        ("&&a", "a"),
        ("()", "a"),
        ("[0]", "a"),
        (" as u8", "a"),
        (" else if a {}", "if a {}"),
    ] {
        let text = format!("fn f() {{ {start}{} }} fn g() {{}}", link.repeat(N));
        let parsed = parse(&text);
        check(&parsed, &text);
        assert_eq!(parsed.file.items.len(), 2, "{link}");
        assert_eq!(deepest(&parsed), MAX_DEPTH, "{link}");
        assert!(!parsed.file.skipped.is_empty(), "{link}");
        let ItemKind::Fn(f) = &parsed.file.items[0].kind else { panic!("{link}") };
        let Some(Stmt::Expr { expr, .. }) = f.body.as_ref().and_then(|body| body.stmts.first()) else {
            panic!("{link}")
        };
        assert_eq!(slice(&text, expr.span).len(), start.len() + N * link.len(), "{link}");
    }
}

#[test]
fn ordinary_depth_is_kept() {
    for (open, close) in [("(", ")"), ("{", "}"), ("m!(", ")"), ("f(", ")"), ("if a { ", "}"), ("&", ""), ("|| ", "")] {
        let text = format!("fn f() {{ {}1{} }}", open.repeat(60), close.repeat(60));
        assert_eq!(parse(&text).problem, None, "{open}");
    }
    let table = format!("const A: &[u8] = &[{}];", "1 << 2, -3 | 4, X[5] & !6,".repeat(2_000));
    assert_eq!(parse(&table).problem, None);
    let arms = format!("fn f() {{ match a {{ {} }} }}", "(A, &B) | C if d && !e => { return -1 } ".repeat(2_000));
    assert_eq!(parse(&arms).problem, None);
}

const SAMPLES: [&str; 3] = [
    r##"//! Crate é.
use std::{io, time::Duration};
#[derive(Debug, thiserror::Error)]
pub enum E { #[error("bad {0}")] Io(#[from] io::Error), #[error("ü")] Auth { status: u16 } }
impl<T: Clone> Client<T> where T: Send {
    /// Doc.
    pub async fn call(&mut self, op: impl Fn(&str) -> Result<(), E>) -> Result<Vec<u8>, E> {
        let mut attempt = 0u32;
        'outer: loop {
            match self.send("é→").await {
                Ok(body) if body.len() > 1_000 => return Ok(body),
                Err(E::Auth { status: 401 | 403, .. }) | Err(E::Io(_)) => break 'outer,
                _ => {}
            }
            tokio::select! {
                biased;
                _ = sleep(Duration::from_secs(2u64.pow(attempt))) => {}
                Some(x) = rx.recv(), if attempt < 3 => { warn!(error = %x, "retry {attempt}"); continue }
                else => return Err(anyhow!("x: {}", attempt)),
            }
            attempt += 1;
        }
        let v = vec![1, 2]; let w = json!({ "a": [v, null] });
        Err(E::Auth { status: 401 })
    }
}
#[cfg(test)] mod tests { #[test] fn t() { assert!(matches!(x, 'a'..='z' | '\'' if y)); } }
"##,
    r###"macro_rules! retry { ($n:expr, $($b:tt)*) => { for i in 0..$n { $($b)* } }; }
lazy_static! { static ref A: Vec<&'static str> = vec!["a"; 3]; }
fn main() -> ! { let s = r#"raw " { "#; let c = '{'; let l: &'static [u8] = b"\"}"; /* { /* nested */ */
    let f = async move |x: u8| -> R { if let Some(y) = x && y != -1 { y.0.1? as u8 } else { A::<B<C>>::d(&mut e[..=2]) } };
    let Ok(z) = try { g()? }.h() else { panic!() }; stream! { for await q in z { yield q; } } }
"###,
    "\u{feff}#!/usr/bin/env x\r\nmod a { pub(crate) trait T { const X: u8 = 1; fn f(self: Box<Self>) -> impl Fn() -> u8 { || 1 } } }\r\nconst É: char = 'é';\r\n",
];

fn broken() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![
        Just(b"{".to_vec()),
        Just(b"}".to_vec()),
        Just(b"(".to_vec()),
        Just(b")".to_vec()),
        Just(b"[".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"'".to_vec()),
        Just(b"/*".to_vec()),
        Just(b"*/".to_vec()),
        Just(b"r#\"".to_vec()),
        Just(b"=>".to_vec()),
        Just(b";".to_vec()),
        Just(b",".to_vec()),
        Just(b"<".to_vec()),
        Just(b"|".to_vec()),
        Just(b"&".to_vec()),
        Just(b"!".to_vec()),
        Just(b"#".to_vec()),
        Just(b"$".to_vec()),
        Just(b"fn ".to_vec()),
        Just(b"impl ".to_vec()),
        Just(b"match ".to_vec()),
        Just(b"gen ".to_vec()),
        Just(b"if ".to_vec()),
        Just(b"let ".to_vec()),
        Just(b"select! {".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just("é".as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    // Insert, delete, copy: where, how much, and what.
    let edit = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0usize..40, bytes, 0u8..4);
    (0..SAMPLES.len(), proptest::collection::vec(edit, 0..8)).prop_map(|(sample, edits)| {
        let mut text = SAMPLES[sample].as_bytes().to_vec();
        for (at, from, len, bytes, what) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + len).min(text.len());
            match what {
                0 => drop(text.splice(at..at, bytes)),
                1 => drop(text.drain(at..end)),
                2 => drop(text.splice(at..end.min(at + 1), bytes)),
                _ => {
                    let other = SAMPLES[(sample + 1) % SAMPLES.len()].as_bytes();
                    let from = from.index(other.len());
                    text.splice(at..at, other[from..(from + len * 4).min(other.len())].to_vec());
                }
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_sound_spans(bytes in broken()) {
        let text = String::from_utf8_lossy(&bytes);
        let parsed = parse(&text);
        check(&parsed, &text);
        prop_assert!(parsed.problem.as_deref() != Some("the parser failed on this file"));
        prop_assert!(parsed.problem.is_some() || parsed.file.skipped.is_empty());
    }

    #[test]
    fn any_truncation_gives_sound_spans(sample in 0..SAMPLES.len(), at in any::<prop::sample::Index>()) {
        let bytes = &SAMPLES[sample].as_bytes()[..at.index(SAMPLES[sample].len())];
        let text = String::from_utf8_lossy(bytes);
        let parsed = parse(&text);
        check(&parsed, &text);
        prop_assert!(parsed.problem.as_deref() != Some("the parser failed on this file"));
    }
}

#[test]
fn samples_parse_whole() {
    for sample in SAMPLES {
        assert_eq!(parse(sample).problem, None, "{sample}");
        check(&parse(sample), sample);
    }
}
