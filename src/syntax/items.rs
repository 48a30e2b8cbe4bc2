//! Lowers items: functions, types, impls, traits, constants, imports, modules.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser;
use syn::{Fields, FnArg, ImplItem, Pat, ReceiverKind, ReturnType, TraitItem, UseTree, Visibility};

use super::lower::{Lower, is_test, text_value, to};
use crate::ir::{
    self, Alias, Const, Field, Fn, Generic, Impl, Item, ItemKind, Mod, Name, Param, PatKind, Path, Span, Trait, Type,
    TypeDef, Use, Variant,
};

impl Lower {
    pub(super) fn items(&mut self, items: &[syn::Item]) -> Vec<Item> {
        let mut lowered = Vec::new();
        for item in items {
            self.item(item, &mut lowered);
        }
        lowered
    }

    /// Lowers an item; a `use` becomes several, and what the IR has no word for (`extern` blocks) becomes none.
    pub(super) fn item(&mut self, item: &syn::Item, out: &mut Vec<Item>) {
        use syn::Item as I;
        // Bodies are long: the span of what has one is put together from its ends.
        let (attrs, span, kind) = match item {
            I::Fn(item) => {
                let start =
                    self.start(&item.attrs, &item.vis).unwrap_or_else(|| self.fn_start(&item.modifiers, &item.sig));
                let body = Some(&*item.block);
                let kind = self.function(&item.vis, &item.sig, body);
                (&item.attrs, to(start, self.at(item.block.brace_token.span.close())), ItemKind::Fn(kind))
            }
            I::Impl(item) => {
                let own = item.modifiers.defaultness.as_ref().map(|token| token.span);
                let own = own.or(item.unsafety.as_ref().map(|token| token.span)).unwrap_or(item.impl_token.span);
                let start = self.start(&item.attrs, &Visibility::Inherited).unwrap_or_else(|| self.at(own));
                let kind = ItemKind::Impl(self.impl_block(item));
                (&item.attrs, to(start, self.at(item.brace_token.span.close())), kind)
            }
            I::Mod(module) => {
                let own = module.unsafety.as_ref().map_or(module.mod_token.span, |token| token.span);
                let start = self.start(&module.attrs, &module.vis).unwrap_or_else(|| self.at(own));
                let (items, end) = match (&module.content, &module.semi) {
                    (Some((brace, items)), _) => {
                        let items = self.deeper(item, |lower| lower.items(items));
                        (items, self.at(brace.span.close()))
                    }
                    (None, semi) => (None, self.at(semi.as_ref().map_or(module.ident.span(), |semi| semi.span))),
                };
                let kind = Mod { name: self.name(&module.ident), items, path: text_value(&module.attrs, "path") };
                (&module.attrs, to(start, end), ItemKind::Mod(kind))
            }
            I::Trait(item) => {
                let own = item.modifiers.auto_token.as_ref().map(|token| token.span);
                let own = own.or(item.unsafety.as_ref().map(|token| token.span)).unwrap_or(item.trait_token.span);
                let start = self.start(&item.attrs, &item.vis).unwrap_or_else(|| self.at(own));
                let kind = Trait {
                    name: self.name(&item.ident),
                    is_pub: is_pub(&item.vis),
                    items: self.trait_items(&item.items),
                };
                (&item.attrs, to(start, self.at(item.brace_token.span.close())), ItemKind::Trait(kind))
            }
            I::Struct(item) => {
                let span = self.span_of(item);
                let variant = Variant {
                    name: self.name(&item.ident),
                    fields: self.fields(&item.fields),
                    is_tuple: matches!(item.fields, Fields::Unnamed(_)),
                    message: message(&item.attrs),
                    discriminant: None,
                    gates: Vec::new(),
                    span,
                };
                (&item.attrs, span, self.type_def(&item.vis, &item.generics, &item.attrs, variant))
            }
            I::Union(item) => {
                let span = self.span_of(item);
                let variant = Variant {
                    name: self.name(&item.ident),
                    fields: self.fields(&item.fields.named),
                    is_tuple: false,
                    message: None,
                    discriminant: None,
                    gates: Vec::new(),
                    span,
                };
                (&item.attrs, span, self.type_def(&item.vis, &item.generics, &item.attrs, variant))
            }
            I::Enum(item) => {
                let kind = TypeDef {
                    name: self.name(&item.ident),
                    is_pub: is_pub(&item.vis),
                    variants: item.variants.iter().map(|variant| self.variant(variant)).collect(),
                    is_enum: true,
                    generics: self.generics(&item.generics),
                    derives: self.derives(&item.attrs),
                };
                (&item.attrs, self.span_of(item), ItemKind::Type(kind))
            }
            I::Const(item) => (&item.attrs, self.span_of(item), self.constant(&item.ident, &item.ty, Some(&item.expr))),
            I::Static(item) => {
                (&item.attrs, self.span_of(item), self.constant(&item.ident, &item.ty, Some(&item.expr)))
            }
            I::Type(item) => (&item.attrs, self.span_of(item), self.alias(&item.ident, &item.generics, &item.ty)),
            I::Use(item) => {
                let (span, is_test, is_pub) = (self.span_of(item), is_test(&item.attrs), is_pub(&item.vis));
                let mut add = |kind: Use| out.push(Item { kind: ItemKind::Use(Use { is_pub, ..kind }), span, is_test });
                return self.use_tree(&item.tree, &mut Vec::new(), &mut add);
            }
            I::ExternCrate(item) => {
                let name = self.name(&item.ident);
                let alias = item.rename.as_ref().map_or(name, |(_, alias)| self.name(alias));
                let path = vec![if name == "self" { Name::new("crate") } else { name }];
                let kind = Use { path, alias, glob: false, is_pub: is_pub(&item.vis) };
                (&item.attrs, self.span_of(item), ItemKind::Use(kind))
            }
            I::Macro(item) => {
                let kind = match &item.ident {
                    Some(name) if item.mac.path.is_ident("macro_rules") => {
                        ItemKind::MacroRules(self.macro_rules(name, &item.mac))
                    }
                    _ => match self.macro_items(&item.mac) {
                        Some(items) => ItemKind::Items(items),
                        None => return,
                    },
                };
                (&item.attrs, self.span_of(item), kind)
            }
            I::Verbatim(tokens) => {
                // A function without a body, mostly: the syntax of traits.
                if let Ok(item) = syn::parse2::<TraitItem>(tokens.clone()) {
                    out.extend(self.trait_items(&[item]));
                }
                return;
            }
            _ => return,
        };
        out.push(Item { kind, span, is_test: is_test(attrs) });
    }

    fn function(&mut self, vis: &Visibility, sig: &syn::Signature, body: Option<&syn::Block>) -> Fn {
        let mut generics = self.generics(&sig.generics);
        let mut params = Vec::new();
        for input in &sig.inputs {
            match input {
                FnArg::Receiver(receiver) => params.push(self.receiver(receiver)),
                FnArg::Typed(input) => {
                    let param = Param { pat: self.pat(&input.pat), ty: self.ty(&input.ty) };
                    // `op: impl FnMut() -> Fut` is a type parameter without a name: it goes by the argument's.
                    if let (Type::Impl(bounds), PatKind::Bind { name, .. }) = (&param.ty, &param.pat.kind) {
                        generics.push(Generic { name: *name, bounds: bounds.clone() });
                    }
                    params.push(param);
                }
            }
        }
        Fn {
            name: self.name(&sig.ident),
            name_span: self.at(sig.ident.span()),
            is_pub: is_pub(vis),
            is_async: sig.asyncness.is_some(),
            has_self: sig.receiver().is_some(),
            generics,
            params,
            ret: match &sig.output {
                ReturnType::Default => None,
                ReturnType::Type(_, ty) => Some(self.ty(ty)),
            },
            body: body.map(|body| self.block(body)),
        }
    }

    fn receiver(&mut self, receiver: &syn::Receiver) -> Param {
        let span = self.at(receiver.self_token.span);
        let start = match (&receiver.kind, &receiver.mutability) {
            (ReceiverKind::Reference(and, ..), _) => self.at(and.span),
            (_, Some(mutability)) => self.at(mutability.span),
            _ => span,
        };
        let pat = ir::Pat { kind: PatKind::Bind { name: Name::new("self"), sub: None }, span: to(start, span) };
        let ty = Path { segments: vec![Name::new("Self")], args: Vec::new(), qself: None, span };
        Param { pat, ty: Type::Path(ty) }
    }

    fn constant(&mut self, name: &syn::Ident, ty: &syn::Type, value: Option<&syn::Expr>) -> ItemKind {
        let value = value.map(|value| self.expr(value));
        ItemKind::Const(Const { name: self.name(name), ty: self.ty(ty), value })
    }

    fn alias(&mut self, name: &syn::Ident, generics: &syn::Generics, ty: &syn::Type) -> ItemKind {
        ItemKind::Alias(Alias { name: self.name(name), generics: self.generics(generics), ty: self.ty(ty) })
    }

    fn impl_block(&mut self, item: &syn::ItemImpl) -> Impl {
        Impl {
            self_ty: self.ty(&item.self_ty),
            trait_: item.trait_.as_ref().map(|(path, _)| self.path(None, path)),
            generics: self.generics(&item.generics),
            items: self.impl_items(&item.items),
        }
    }

    fn impl_items(&mut self, items: &[ImplItem]) -> Vec<Item> {
        let mut lowered = Vec::new();
        for item in items {
            let (attrs, span, kind) = match item {
                ImplItem::Fn(item) => {
                    let start =
                        self.start(&item.attrs, &item.vis).unwrap_or_else(|| self.fn_start(&item.modifiers, &item.sig));
                    let kind = ItemKind::Fn(self.function(&item.vis, &item.sig, Some(&item.block)));
                    (&item.attrs, to(start, self.at(item.block.brace_token.span.close())), kind)
                }
                ImplItem::Const(item) => {
                    (&item.attrs, self.span_of(item), self.constant(&item.ident, &item.ty, Some(&item.expr)))
                }
                ImplItem::Type(item) => {
                    (&item.attrs, self.span_of(item), self.alias(&item.ident, &item.generics, &item.ty))
                }
                ImplItem::Macro(item) => {
                    let items = many::<ImplItem>.parse2(item.mac.tokens.clone());
                    lowered.extend(items.map(|items| self.impl_items(&items)).unwrap_or_default());
                    continue;
                }
                ImplItem::Verbatim(tokens) => {
                    if let Ok(item) = syn::parse2::<TraitItem>(tokens.clone()) {
                        lowered.extend(self.trait_items(&[item]));
                    }
                    continue;
                }
                _ => continue,
            };
            lowered.push(Item { kind, span, is_test: is_test(attrs) });
        }
        lowered
    }

    fn trait_items(&mut self, items: &[TraitItem]) -> Vec<Item> {
        let mut lowered = Vec::new();
        for item in items {
            let (attrs, span, kind) = match item {
                TraitItem::Fn(item) => {
                    let kind = self.function(&Visibility::Inherited, &item.sig, item.default.as_ref());
                    (&item.attrs, self.span_of(item), ItemKind::Fn(kind))
                }
                TraitItem::Const(item) => {
                    let value = item.default.as_ref().map(|(_, value)| value);
                    (&item.attrs, self.span_of(item), self.constant(&item.ident, &item.ty, value))
                }
                TraitItem::Type(item) => match &item.default {
                    Some((_, ty)) => (&item.attrs, self.span_of(item), self.alias(&item.ident, &item.generics, ty)),
                    None => continue,
                },
                TraitItem::Macro(item) => {
                    let items = many::<TraitItem>.parse2(item.mac.tokens.clone());
                    lowered.extend(items.map(|items| self.trait_items(&items)).unwrap_or_default());
                    continue;
                }
                _ => continue,
            };
            lowered.push(Item { kind, span, is_test: is_test(attrs) });
        }
        lowered
    }

    /// A `struct` or `union`, whose fields are those of one variant.
    fn type_def(
        &mut self,
        vis: &Visibility,
        generics: &syn::Generics,
        attrs: &[syn::Attribute],
        variant: Variant,
    ) -> ItemKind {
        ItemKind::Type(TypeDef {
            name: variant.name,
            is_pub: is_pub(vis),
            variants: vec![variant],
            is_enum: false,
            generics: self.generics(generics),
            derives: self.derives(attrs),
        })
    }

    fn variant(&mut self, variant: &syn::Variant) -> Variant {
        Variant {
            name: self.name(&variant.ident),
            fields: self.fields(&variant.fields),
            is_tuple: matches!(variant.fields, Fields::Unnamed(_)),
            message: message(&variant.attrs),
            discriminant: variant.discriminant.as_ref().map(|(_, value)| self.expr(value)),
            gates: variant.attrs.iter().filter(|a| a.path().is_ident("cfg")).map(|a| self.span_of(a)).collect(),
            span: self.span_of(variant),
        }
    }

    fn fields<'a>(&mut self, fields: impl IntoIterator<Item = &'a syn::Field>) -> Vec<Field> {
        let fields = fields.into_iter().enumerate().map(|(index, field)| {
            let has = |name| field.attrs.iter().any(|attr| attr.path().is_ident(name));
            Field {
                name: match &field.ident {
                    Some(name) => self.name(name),
                    None => Name::new(&index.to_string()),
                },
                ty: self.ty(&field.ty),
                from: has("from"),
                source: has("from") || has("source"),
                is_pub: is_pub(&field.vis),
            }
        });
        fields.collect()
    }

    fn derives(&mut self, attrs: &[syn::Attribute]) -> Vec<Name> {
        let mut names = Vec::new();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("derive")) {
            let paths = syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated;
            for path in attr.parse_args_with(paths).iter().flatten() {
                names.extend(path.segments.last().map(|last| self.name(&last.ident)));
            }
        }
        names
    }

    fn use_tree(&mut self, tree: &UseTree, prefix: &mut Vec<Name>, add: &mut dyn FnMut(Use)) {
        let whole = |path: Vec<Name>, alias| Use { path, alias, glob: false, is_pub: false };
        match tree {
            UseTree::Path(tree) => {
                prefix.push(self.name(&tree.ident));
                // Paths of a thousand segments do not exist, but the text may be anything.
                self.deeper(&tree.ident, |lower| lower.use_tree(&tree.tree, prefix, add));
                prefix.pop();
            }
            UseTree::Name(tree) => {
                let name = self.name(&tree.ident);
                // `use a::b::{self}` is `a::b`.
                let path = match prefix.last() {
                    Some(last) if name == "self" => return add(whole(prefix.clone(), *last)),
                    _ => prefix.iter().copied().chain([name]).collect(),
                };
                add(whole(path, name));
            }
            UseTree::Rename(tree) => {
                let (name, alias) = (self.name(&tree.ident), self.name(&tree.rename));
                let name = Some(name).filter(|name| *name != "self" || prefix.is_empty());
                add(whole(prefix.iter().copied().chain(name).collect(), alias));
            }
            UseTree::Glob(_) => {
                let alias = prefix.last().copied().unwrap_or_else(|| Name::new(""));
                add(Use { glob: true, ..whole(prefix.clone(), alias) });
            }
            UseTree::Group(tree) => {
                for tree in &tree.items {
                    self.deeper(tree, |lower| lower.use_tree(tree, prefix, add));
                }
            }
        }
    }

    /// Where an item with attributes or a visibility starts.
    fn start(&self, attrs: &[syn::Attribute], vis: &Visibility) -> Option<Span> {
        let outer = attrs.iter().find(|attr| matches!(attr.style, syn::AttrStyle::Outer));
        match (outer, vis) {
            (Some(attr), _) => Some(self.at(attr.pound_token.span)),
            (None, Visibility::Public(token)) => Some(self.at(token.span)),
            (None, Visibility::Restricted(vis)) => Some(self.at(vis.pub_token.span)),
            (None, Visibility::Inherited) => None,
        }
    }

    /// Where a function without attributes and visibility starts.
    fn fn_start(&self, modifiers: &syn::FnModifiers, sig: &syn::Signature) -> Span {
        let safety = match &sig.safety {
            syn::Safety::Safe(token) => Some(token.span),
            syn::Safety::Unsafe(token) => Some(token.span),
            syn::Safety::Default => None,
        };
        let first = modifiers.defaultness.as_ref().map(|token| token.span);
        let first =
            first.or(sig.constness.as_ref().map(|token| token.span)).or(sig.asyncness.as_ref().map(|token| token.span));
        let first = first.or(safety).or(sig.abi.as_ref().map(|abi| abi.extern_token.span));
        self.at(first.unwrap_or(sig.fn_token.span))
    }

    /// The items inside a macro call, where its body is made of items: `cfg_if!`, `thread_local!`, `lazy_static!`,
    /// wrappers like `cfg_rt! { .. }`.
    pub(super) fn macro_items(&mut self, mac: &syn::Macro) -> Option<Vec<Item>> {
        let mut items = Vec::new();
        let file = match syn::parse2::<syn::File>(mac.tokens.clone()) {
            Ok(file) => file,
            Err(_) if mac.path.segments.last().is_some_and(|last| last.ident == "cfg_if") => {
                // `if #[cfg(..)] { items } else { items }`: which branch counts is not ours to know.
                for token in mac.tokens.clone() {
                    if let TokenTree::Group(branch) = token
                        && branch.delimiter() == proc_macro2::Delimiter::Brace
                        && let Ok(file) = syn::parse2::<syn::File>(branch.stream())
                    {
                        items.extend(self.items(&file.items));
                    }
                }
                return (!items.is_empty()).then_some(items);
            }
            Err(_) => syn::parse2(plain_statics(&mac.tokens)?).ok()?,
        };
        items.extend(self.items(&file.items));
        (!items.is_empty()).then_some(items)
    }
}

/// `static ref A: T = e;` (lazy_static) without the `ref`, and with the last `;` that `thread_local!` can do without.
fn plain_statics(tokens: &TokenStream) -> Option<TokenStream> {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut seen = false;
    for token in tokens.clone() {
        let after_static = matches!(kept.last(), Some(TokenTree::Ident(last)) if last == "static");
        match &token {
            TokenTree::Ident(word) if word == "ref" && after_static => continue,
            TokenTree::Ident(word) => seen |= word == "static",
            _ => {}
        }
        kept.push(token);
    }
    match kept.last() {
        Some(TokenTree::Punct(last)) if last.as_char() == ';' => {}
        Some(last) => {
            let mut semi = proc_macro2::Punct::new(';', proc_macro2::Spacing::Alone);
            semi.set_span(last.span());
            kept.push(semi.into());
        }
        None => {}
    }
    seen.then(|| kept.into_iter().collect())
}

fn many<T: syn::parse::Parse>(input: syn::parse::ParseStream) -> syn::Result<Vec<T>> {
    let mut parsed = Vec::new();
    while !input.is_empty() {
        parsed.push(input.parse()?);
    }
    Ok(parsed)
}

fn is_pub(vis: &Visibility) -> bool {
    !matches!(vis, Visibility::Inherited)
}

/// The text of `#[error("..")]`, `#[display("..")]` or `#[snafu(display("..", ..))]`.
fn message(attrs: &[syn::Attribute]) -> Option<Name> {
    let attr = attrs.iter().find(|attr| ["error", "display", "snafu"].iter().any(|name| attr.path().is_ident(name)))?;
    match &attr.meta {
        syn::Meta::List(list) => first_text(list.tokens.clone()),
        _ => None,
    }
}

fn first_text(tokens: TokenStream) -> Option<Name> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Literal(literal) => match syn::Lit::new(literal) {
            syn::Lit::Str(text) => Some(Name::new(&text.value())),
            _ => None,
        },
        TokenTree::Group(group) => first_text(group.stream()),
        _ => None,
    })
}

/// Whether a pattern is annotated: `a: T`.
pub(super) fn annotation(pat: &Pat) -> Option<&syn::Type> {
    match pat {
        Pat::Type(pat) => Some(&pat.ty),
        _ => None,
    }
}
