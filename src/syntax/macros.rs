//! Reads macro calls as code, as far as their tokens look like code.
//!
//! A third of the retry loops that matter have their control flow inside a macro, so a body is tried as several things:
//! what the macro's name says, then a list of arguments, statements, and at last the pieces between commas.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Token, token};

use super::lower::{Lower, opaque, to};
use super::recover;
use crate::ir::{Block, Expr, ExprKind, MacroBody, MacroCall, SelectArm, Span};

/// Macros whose tokens are another language, or code that does not run here.
const FOREIGN: [&str; 13] = [
    "quote",
    "quote_spanned",
    "parse_quote",
    "parse_quote_spanned",
    "stringify",
    "asm",
    "global_asm",
    "naked_asm",
    "html",
    "rsx",
    "view",
    "maud",
    "jsx",
];

/// Macros that log: `;` may stand between their fields and the message.
const LOGGING: [&str; 7] = ["trace", "debug", "info", "warn", "error", "log", "event"];

impl Lower {
    /// A macro call as an expression; `vec![..]` is the array it makes.
    pub(super) fn macro_expr(&mut self, mac: &syn::Macro) -> Expr {
        let path = self.path(None, &mac.path);
        let delimiters = self.at(mac.delimiter.span().join());
        let span = to(path.span, delimiters);
        let name = path.last().as_str();
        if matches!(name, "vec" | "smallvec")
            && let Some(array) = parse(&mac.tokens, array)
        {
            return Expr { kind: self.array(&array), span };
        }
        if name == "cfg_if"
            && let Some(branches) = parse(&mac.tokens, branches)
        {
            return Expr { kind: self.cfg_if(branches), span };
        }
        let body = self.macro_body(name, mac, delimiters);
        Expr { kind: ExprKind::Macro(Box::new(MacroCall { path, body })), span }
    }

    fn array(&mut self, array: &Array) -> ExprKind {
        match array {
            Array::List(elems) => ExprKind::Array(self.exprs(elems)),
            Array::Repeat(elem, len) => ExprKind::Repeat(Box::new(self.expr(elem)), Box::new(self.expr(len))),
        }
    }

    /// Which branch counts is not ours to know: an `if` with conditions that are not understood.
    fn cfg_if(&mut self, (branches, last): Branches) -> ExprKind {
        let mut els = last.map(|last| {
            let block = self.block(&last);
            let span = block.span;
            Expr { kind: ExprKind::Block { label: None, block, is_try: false }, span }
        });
        for (start, block) in branches.iter().rev() {
            let (start, then) = (self.at(start.span), self.block(block));
            let span = to(start, els.as_ref().map_or(then.span, |els| els.span));
            let cond = Box::new(opaque(start));
            els = Some(Expr { kind: ExprKind::If { cond, then, els: els.map(Box::new) }, span });
        }
        els.map_or(ExprKind::Opaque, |branches| branches.kind)
    }

    fn macro_body(&mut self, name: &str, mac: &syn::Macro, delimiters: Span) -> MacroBody {
        let tokens = &mac.tokens;
        if FOREIGN.contains(&name) {
            return MacroBody::Opaque;
        }
        if name.ends_with("matches")
            && let Some((value, pat, guard)) = parse(tokens, matches)
        {
            return MacroBody::Matches {
                expr: Box::new(self.expr(&value)),
                pat: Box::new(self.pat(&pat)),
                guard: guard.map(|guard| Box::new(self.expr(&guard))),
            };
        }
        if name.contains("select")
            && let Some(arms) = parse(tokens, select)
        {
            return MacroBody::Select(arms.iter().map(|arm| self.select_arm(arm)).collect());
        }
        if name.contains("json")
            && let Some(values) = parse(tokens, json)
        {
            return MacroBody::Args(self.exprs(&values));
        }
        if LOGGING.contains(&name)
            && let Some(values) = parse(tokens, log_args)
        {
            return MacroBody::Args(self.exprs(&values));
        }
        let braced = matches!(mac.delimiter, syn::MacroDelimiter::Brace(_));
        let args = |lower: &mut Lower| Some(MacroBody::Args(lower.exprs(&parse(tokens, args)?)));
        let block = |lower: &mut Lower| Some(MacroBody::Block(lower.macro_block(tokens, delimiters)?));
        let read = if braced { block(self).or_else(|| args(self)) } else { args(self).or_else(|| block(self)) };
        let read = read.or_else(|| Some(MacroBody::Args(self.exprs(&parse(tokens, document)?))));
        read.or_else(|| Some(MacroBody::Args(self.pieces(tokens)?))).unwrap_or(MacroBody::Opaque)
    }

    /// Tokens as statements.
    pub(super) fn macro_block(&mut self, tokens: &TokenStream, span: Span) -> Option<Block> {
        let stmts = parse(tokens, syn::Block::parse_within).or_else(|| {
            // `for await x in stream`, in `stream!`
            parse(&recover::stable(tokens.clone())?, syn::Block::parse_within)
        })?;
        Some(Block { stmts: self.stmts(&stmts), span })
    }

    fn select_arm(&mut self, arm: &RawArm) -> SelectArm {
        let pat = arm.pat.as_ref().map(|pat| self.pat(pat));
        let future = arm.future.as_ref().map(|future| self.expr(future));
        let guard = arm.guard.as_ref().map(|guard| self.expr(guard));
        let body = self.expr(&arm.body);
        let span = to(self.at(arm.start), body.span);
        SelectArm { pat, future, guard, body, span }
    }

    /// What stands between commas, semicolons and arrows, each on its own; `None` if nothing of it is an expression.
    fn pieces(&mut self, tokens: &TokenStream) -> Option<Vec<Expr>> {
        let mut pieces: Vec<Vec<TokenTree>> = vec![Vec::new()];
        let mut arrow = false;
        for token in tokens.clone() {
            let punct = match &token {
                TokenTree::Punct(punct) => Some((punct.as_char(), punct.spacing())),
                _ => None,
            };
            let ends_arrow = std::mem::take(&mut arrow);
            arrow = punct == Some(('=', Spacing::Joint));
            match (punct, pieces.last_mut()) {
                (Some((',' | ';', _)), _) => pieces.push(Vec::new()),
                (Some(('>', _)), Some(last)) if ends_arrow => {
                    last.pop();
                    pieces.push(Vec::new());
                }
                (_, Some(last)) => last.push(token),
                (_, None) => {}
            }
        }
        let mut values = Vec::new();
        for piece in pieces {
            let (Some(first), Some(last)) = (piece.first(), piece.last()) else { continue };
            let span = to(self.at(first.span()), self.at(last.span()));
            let value = parse(&piece.into_iter().collect(), arg);
            values.push(value.map_or_else(|| opaque(span), |value| self.expr(&value)));
        }
        values.iter().any(|value| value.kind != ExprKind::Opaque).then_some(values)
    }
}

/// Parses all tokens, or nothing.
fn parse<T>(tokens: &TokenStream, parser: fn(ParseStream) -> syn::Result<T>) -> Option<T> {
    parser.parse2(tokens.clone()).ok()
}

enum Array {
    List(Vec<syn::Expr>),
    Repeat(Box<syn::Expr>, Box<syn::Expr>),
}

/// `a, b, c` or `a; n`
fn array(input: ParseStream) -> syn::Result<Array> {
    let mut elems = Vec::new();
    while !input.is_empty() {
        let elem: syn::Expr = input.parse()?;
        if elems.is_empty() && input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            return Ok(Array::Repeat(Box::new(elem), input.parse()?));
        }
        elems.push(elem);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(Array::List(elems))
}

/// `value, pattern if guard`, and a message that does not matter.
fn matches(input: ParseStream) -> syn::Result<(syn::Expr, syn::Pat, Option<syn::Expr>)> {
    let value = input.parse()?;
    input.parse::<Token![,]>()?;
    let pat = syn::Pat::parse_multi_with_leading_vert(input)?;
    let guard = if input.peek(Token![if]) {
        input.parse::<Token![if]>()?;
        Some(input.parse()?)
    } else {
        None
    };
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
        input.parse::<TokenStream>()?;
    }
    Ok((value, pat, guard))
}

/// An arm of `select!` as `syn` reads it.
struct RawArm {
    start: proc_macro2::Span,
    pat: Option<syn::Pat>,
    future: Option<syn::Expr>,
    guard: Option<syn::Expr>,
    body: syn::Expr,
}

/// The arms of `select!` in the grammars of tokio, futures and crossbeam.
fn select(input: ParseStream) -> syn::Result<Vec<RawArm>> {
    if input.peek(syn::Ident) && input.peek2(Token![;]) {
        // `biased;`
        input.parse::<Ident>()?;
        input.parse::<Token![;]>()?;
    }
    let mut arms = Vec::new();
    while !input.is_empty() {
        Attribute::parse_outer(input)?;
        let start = input.span();
        let (pat, future) = select_head(input)?;
        let mut guard = None;
        if input.peek(Token![,]) && input.peek2(Token![if]) {
            input.parse::<Token![,]>()?;
            input.parse::<Token![if]>()?;
            guard = Some(input.parse()?);
        }
        input.parse::<Token![=>]>()?;
        let body = syn::Expr::parse_with_earlier_boundary_rule(input)?;
        input.parse::<Option<Token![,]>>()?;
        arms.push(RawArm { start, pat, future, guard, body });
    }
    Ok(arms)
}

/// What stands before `, if` and `=>`.
fn select_head(input: ParseStream) -> syn::Result<(Option<syn::Pat>, Option<syn::Expr>)> {
    if input.peek2(Token![=>]) {
        // `else`, `default`, `complete`
        Ident::parse_any(input)?;
        return Ok((None, None));
    }
    if input.peek(syn::Ident) && input.peek2(token::Paren) {
        // crossbeam: `recv(r) -> message`, `send(s, value) -> result`, `default(timeout)`
        let ahead = input.fork();
        let future = ahead.parse();
        if let Ok(future @ syn::Expr::Call(_)) = future
            && (ahead.peek(Token![->]) || ahead.peek(Token![=>]))
        {
            input.parse::<syn::Expr>()?;
            let arrow: Option<Token![->]> = input.parse()?;
            let pat = arrow.map(|_| syn::Pat::parse_multi_with_leading_vert(input)).transpose()?;
            return Ok((pat, Some(future)));
        }
    }
    let pat = syn::Pat::parse_multi_with_leading_vert(input)?;
    input.parse::<Token![=]>()?;
    Ok((Some(pat), Some(input.parse()?)))
}

/// Arguments between commas.
fn args(input: ParseStream) -> syn::Result<Vec<syn::Expr>> {
    list(input, false)
}

/// Arguments of a logging macro: `;` may end the fields.
fn log_args(input: ParseStream) -> syn::Result<Vec<syn::Expr>> {
    list(input, true)
}

fn list(input: ParseStream, semicolons: bool) -> syn::Result<Vec<syn::Expr>> {
    let mut args = Vec::new();
    while !input.is_empty() {
        args.push(arg(input)?);
        if semicolons && input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
        } else if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(args)
}

/// One argument: an expression after its name (`key = `, `target: `) and sigil (`%`, `?`), which are dropped.
fn arg(input: ParseStream) -> syn::Result<syn::Expr> {
    let ahead = input.fork();
    if key(&ahead).is_ok() {
        key(input)?;
    }
    if input.peek(Token![%]) {
        input.parse::<Token![%]>()?;
    } else if input.peek(Token![?]) {
        input.parse::<Token![?]>()?;
    }
    input.parse()
}

/// `key =`, `key.part =`, `"key" =`, `key:? =`, `key:`
fn key(input: ParseStream) -> syn::Result<()> {
    if input.peek(syn::LitStr) {
        input.parse::<syn::LitStr>()?;
    } else {
        Ident::parse_any(input)?;
        while input.peek(Token![.]) {
            input.parse::<Token![.]>()?;
            Ident::parse_any(input)?;
        }
        if input.peek(Token![:]) && !input.peek(Token![::]) {
            input.parse::<Token![:]>()?;
            if input.peek(Token![%]) && input.peek2(Token![=]) {
                input.parse::<Token![%]>()?;
            } else if input.peek(Token![?]) && input.peek2(Token![=]) {
                input.parse::<Token![?]>()?;
            } else if input.peek(syn::Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) {
                input.parse::<Ident>()?;
            } else {
                return Ok(());
            }
        }
    }
    if input.peek(Token![==]) || input.peek(Token![=>]) {
        return Err(input.error("not a key"));
    }
    input.parse::<Token![=]>().map(drop)
}

/// The keys and values of a JSON literal, in order.
fn json(input: ParseStream) -> syn::Result<Vec<syn::Expr>> {
    let mut values = Vec::new();
    json_value(input, &mut values)?;
    Ok(values)
}

fn json_value(input: ParseStream, values: &mut Vec<syn::Expr>) -> syn::Result<()> {
    // `{ block }` and `[a].concat()` are expressions. (Looked at, not tried: trying at every level takes for ever.)
    let ahead = input.fork();
    let group: Option<proc_macro2::Group> = ahead.parse().ok();
    if group.is_some_and(|group| is_json(&group)) && (ahead.is_empty() || ahead.peek(Token![,])) {
        return json_group(input, values);
    }
    values.push(input.parse()?);
    Ok(())
}

fn is_json(group: &proc_macro2::Group) -> bool {
    let mut tokens = group.stream().into_iter();
    match group.delimiter() {
        Delimiter::Bracket => !tokens.any(|token| matches!(&token, TokenTree::Punct(p) if p.as_char() == ';')),
        // `"key":` and `&self.key:`, but not `a::b` or `let a: T`.
        Delimiter::Brace => {
            let mut joint = false;
            let mut tokens = tokens.take_while(|token| !matches!(token, TokenTree::Ident(word) if word == "let"));
            group.stream().is_empty()
                || tokens.any(|token| match token {
                    TokenTree::Punct(p) if p.as_char() == ':' => {
                        !std::mem::replace(&mut joint, p.spacing() == Spacing::Joint) && !joint
                    }
                    _ => false,
                })
        }
        _ => false,
    }
}

fn json_group(input: ParseStream, values: &mut Vec<syn::Expr>) -> syn::Result<()> {
    let content;
    let object = input.peek(token::Brace);
    if object {
        syn::braced!(content in input);
    } else {
        syn::bracketed!(content in input);
    }
    json_members(&content, object, values)
}

fn json_members(input: ParseStream, object: bool, values: &mut Vec<syn::Expr>) -> syn::Result<()> {
    while !input.is_empty() {
        if object {
            values.push(input.parse()?);
            input.parse::<Token![:]>()?;
        }
        json_value(input, values)?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

/// `"key": value, ..`, as in `doc!` of the MongoDB crates.
fn document(input: ParseStream) -> syn::Result<Vec<syn::Expr>> {
    let mut values = Vec::new();
    json_members(input, true, &mut values)?;
    Ok(values)
}

/// The branches of `cfg_if!` and its last `else`.
type Branches = (Vec<(Token![if], syn::Block)>, Option<syn::Block>);

/// `if #[cfg(a)] { .. } else if #[cfg(b)] { .. } else { .. }`
fn branches(input: ParseStream) -> syn::Result<Branches> {
    let mut branches = Vec::new();
    loop {
        let start = input.parse()?;
        Attribute::parse_outer(input)?;
        branches.push((start, input.parse()?));
        if input.is_empty() {
            return Ok((branches, None));
        }
        input.parse::<Token![else]>()?;
        if !input.peek(Token![if]) {
            return Ok((branches, Some(input.parse()?)));
        }
    }
}
