//! The owned intermediate representation: the part of Rust that matters to control flow and values.
//!
//! `syntax` lowers `syn` trees to this and drops them; everything after works on it alone. All of it is `Send`,
//! spans are byte ranges into the original file (BOM and shebang included), and names are interned. What lowering
//! does not understand is [`ExprKind::Opaque`], [`PatKind::Opaque`] or [`Type::Opaque`], never an error.

pub mod visit;

use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock, RwLock};

/// An interned identifier or short text. Copying, comparing and hashing cost one pointer.
#[derive(Clone, Copy)]
pub struct Name(&'static str);

static NAMES: LazyLock<RwLock<HashSet<&'static str>>> = LazyLock::new(Default::default);

impl Name {
    /// Interns `text`. The text stays for the life of the process, so this is for identifiers, not for file contents.
    pub fn new(text: &str) -> Name {
        // A poisoned lock still holds a valid set: inserting is the only write.
        if let Some(found) = NAMES.read().unwrap_or_else(|e| e.into_inner()).get(text) {
            return Name(found);
        }
        let mut names = NAMES.write().unwrap_or_else(|e| e.into_inner());
        if let Some(found) = names.get(text) {
            return Name(found);
        }
        let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
        names.insert(kept);
        Name(kept)
    }

    /// The text.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}
impl Eq for Name {}
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0.as_ptr() as usize).hash(state);
    }
}
impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}
impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
impl From<&str> for Name {
    fn from(text: &str) -> Name {
        Name::new(text)
    }
}

/// A half-open byte range in the original file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Whether `other` lies inside this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// One lowered source file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The items at the top level; nested modules are [`ItemKind::Mod`].
    pub items: Vec<Item>,
    /// What did not parse and was left out, by byte range.
    pub skipped: Vec<Span>,
}

/// An item: a function, type, impl, constant, import or nested module.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// The whole item with its attributes.
    pub span: Span,
    /// It carries `#[cfg(test)]`, `#[test]` or another `..::test` attribute.
    pub is_test: bool,
}

/// The kinds of item that the engine asks for.
#[derive(Debug, Clone)]
pub enum ItemKind {
    /// `fn`
    Fn(Fn),
    /// `struct`, `enum` or `union`
    Type(TypeDef),
    /// `impl .. { }`
    Impl(Impl),
    /// `trait`
    Trait(Trait),
    /// `const` or `static`
    Const(Const),
    /// `use`, one per imported name
    Use(Use),
    /// `type A = B;`
    Alias(Alias),
    /// `mod name { .. }` and `mod name;`
    Mod(Mod),
    /// `macro_rules!`: its bodies, lowered where they parse once `$name` is read as a name
    MacroRules(MacroRules),
    /// An item-position macro call whose body parses as items (`cfg_if!`-like wrappers).
    Items(Vec<Item>),
}

/// A function, method or trait method.
#[derive(Debug, Clone)]
pub struct Fn {
    /// Its name.
    pub name: Name,
    /// Where the name stands.
    pub name_span: Span,
    /// `pub` in any form.
    pub is_pub: bool,
    /// `async fn`.
    pub is_async: bool,
    /// It takes `self` in any form; `params` then starts with a binding named `self` of type `Self`.
    pub has_self: bool,
    /// Generic parameters with every bound, `where` clauses and `impl Trait` arguments included.
    pub generics: Vec<Generic>,
    /// Parameters in order, `self` first.
    pub params: Vec<Param>,
    /// The declared result; `None` is `()`.
    pub ret: Option<Type>,
    /// The body; `None` in a trait without default.
    pub body: Option<Block>,
}

/// A generic parameter and what bounds it.
#[derive(Debug, Clone)]
pub struct Generic {
    /// `F`
    pub name: Name,
    /// `FnMut() -> Fut`, `Future<Output = Result<T, E>>`, `Clone`
    pub bounds: Vec<Type>,
}

/// A parameter of a function or closure.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// The pattern that binds it.
    pub pat: Pat,
    /// Its type; `Type::Infer` in a closure without annotation.
    pub ty: Type,
}

/// `struct`, `enum` or `union`.
#[derive(Debug, Clone)]
pub struct TypeDef {
    /// Its name.
    pub name: Name,
    /// `pub` in any form.
    pub is_pub: bool,
    /// An enum has its variants here; a struct has one, named like the type.
    pub variants: Vec<Variant>,
    /// Whether it is an enum.
    pub is_enum: bool,
    /// Its generic parameters.
    pub generics: Vec<Generic>,
    /// The names in `#[derive(..)]`, last segment only.
    pub derives: Vec<Name>,
}

/// A variant of an enum, or the fields of a struct.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its name.
    pub name: Name,
    /// Its fields; a tuple field is named by its index: `0`, `1`.
    pub fields: Vec<Field>,
    /// `( )` rather than `{ }`.
    pub is_tuple: bool,
    /// The text inside `#[error("..")]`.
    pub message: Option<Name>,
    /// The discriminant, where written.
    pub discriminant: Option<Expr>,
    /// Where its `#[cfg(..)]` attributes stand: without them it is always there. A struct has none here.
    pub gates: Vec<Span>,
    /// Where it stands.
    pub span: Span,
}

/// A field of a struct or variant.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name or index.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// It carries `#[from]`.
    pub from: bool,
    /// It carries `#[source]` or `#[from]`.
    pub source: bool,
    /// `pub` in any form.
    pub is_pub: bool,
}

/// An `impl` block.
#[derive(Debug, Clone)]
pub struct Impl {
    /// The type it is for.
    pub self_ty: Type,
    /// The trait, in `impl Trait for Type`.
    pub trait_: Option<Path>,
    /// Its generic parameters.
    pub generics: Vec<Generic>,
    /// Functions, constants and (as [`ItemKind::Alias`]) associated types.
    pub items: Vec<Item>,
}

/// A `trait` with its functions.
#[derive(Debug, Clone)]
pub struct Trait {
    /// Its name.
    pub name: Name,
    /// `pub` in any form.
    pub is_pub: bool,
    /// Functions and constants, with their defaults.
    pub items: Vec<Item>,
}

/// A `const` or `static`.
#[derive(Debug, Clone)]
pub struct Const {
    /// Its name.
    pub name: Name,
    /// Its declared type.
    pub ty: Type,
    /// Its value; `None` in a trait without default.
    pub value: Option<Expr>,
}

/// One imported name: `use a::b::{c as d, e::*};` gives two.
#[derive(Debug, Clone)]
pub struct Use {
    /// The full path as written, `crate`, `self` and `super` included; a glob has no last segment for `*`.
    pub path: Vec<Name>,
    /// The name it is known by here; the last segment where there is no `as`; `_` for `as _`.
    pub alias: Name,
    /// `::*`
    pub glob: bool,
    /// `pub use`
    pub is_pub: bool,
}

/// A type alias or an associated type.
#[derive(Debug, Clone)]
pub struct Alias {
    /// Its name.
    pub name: Name,
    /// Its generic parameters.
    pub generics: Vec<Generic>,
    /// What it stands for.
    pub ty: Type,
}

/// A module.
#[derive(Debug, Clone)]
pub struct Mod {
    /// Its name.
    pub name: Name,
    /// Its items; `None` for `mod name;`, whose items are in another file.
    pub items: Option<Vec<Item>>,
    /// The value of `#[path = ".."]`.
    pub path: Option<Name>,
}

/// A `macro_rules!` definition.
#[derive(Debug, Clone)]
pub struct MacroRules {
    /// Its name.
    pub name: Name,
    /// The bodies of its rules that parse as statements or as one expression.
    pub bodies: Vec<Block>,
}

/// A path with its generic arguments: `tokio::time::sleep`, `Vec::<u8>::new`, `Self::f`.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Segments as written; `<T as Trait>::f` is `[T.., f]` with `qself`.
    pub segments: Vec<Name>,
    /// Generic arguments of the last segment that has any.
    pub args: Vec<Type>,
    /// `<T>::f` and `<T as Trait>::f`: the type `T`.
    pub qself: Option<Box<Type>>,
    /// Where it stands.
    pub span: Span,
}

impl Path {
    /// The last segment; an empty path has the empty name.
    pub fn last(&self) -> Name {
        self.segments.last().copied().unwrap_or_else(|| Name::new(""))
    }
    /// The only segment of a plain name.
    pub fn single(&self) -> Option<Name> {
        match (self.segments.as_slice(), &self.qself) {
            ([one], None) => Some(*one),
            _ => None,
        }
    }
}

/// A type as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// `a::B<C, D>`; lifetimes and const arguments are left out
    Path(Path),
    /// `&T`, `&mut T`, `*const T`
    Ref(Box<Type>),
    /// `(A, B)`; `()` is empty
    Tuple(Vec<Type>),
    /// `[T]`, `[T; N]`
    Slice(Box<Type>),
    /// `impl A + B`
    Impl(Vec<Type>),
    /// `dyn A + B`
    Dyn(Vec<Type>),
    /// `Fn(A) -> B` bounds, `fn(A) -> B`
    Fn {
        /// Arguments.
        params: Vec<Type>,
        /// Result; `None` is `()`.
        ret: Option<Box<Type>>,
    },
    /// `Future<Output = T>` and other bounds with an associated type: the bound and the first such type
    Assoc {
        /// The trait.
        bound: Path,
        /// The value of its first associated type.
        value: Box<Type>,
    },
    /// `_`, or no annotation
    Infer,
    /// `!`
    Never,
    /// Not understood.
    Opaque,
}

/// `{ .. }`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Block {
    /// Statements in order. A last expression without `;` is the value.
    pub stmts: Vec<Stmt>,
    /// Braces included.
    pub span: Span,
}

/// A statement.
// Statements live in vectors: a box around the parts of `let` would cost an allocation each and save little.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq)]
pub enum Stmt {
    /// `let pat: ty = init else { .. };`
    Let {
        /// What it binds.
        pat: Pat,
        /// The annotation.
        ty: Option<Type>,
        /// The initial value.
        init: Option<Expr>,
        /// The `else` block.
        els: Option<Block>,
        /// The whole statement.
        span: Span,
    },
    /// An expression; `semi` says whether a `;` follows. A macro statement with braces counts as having one unless it is last.
    Expr {
        /// The expression.
        expr: Expr,
        /// Followed by `;`.
        semi: bool,
    },
    /// A nested item: functions, constants, imports inside a body. (Shared, so that blocks stay cheap to clone.)
    Item(Arc<Item>),
}

impl PartialEq for Item {
    fn eq(&self, other: &Item) -> bool {
        self.span == other.span
    }
}

/// An expression with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// Expressions that matter to control flow and values.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A literal.
    Lit(Lit),
    /// A path or a variable; `self` is a path of one segment.
    Path(Path),
    /// `a.b`, `a.0`
    Field(Box<Expr>, Name),
    /// `a[b]`
    Index(Box<Expr>, Box<Expr>),
    /// `!a`, `-a`, `*a`
    Unary(UnOp, Box<Expr>),
    /// `&a`, `&mut a`, `&raw a`
    Ref {
        /// `&mut`
        mutable: bool,
        /// The place.
        expr: Box<Expr>,
    },
    /// `a + b`, `a && b`, ..
    Binary(BinOp, Box<Expr>, Box<Expr>),
    /// `a = b`, `a += b`
    Assign {
        /// The operator of a compound assignment.
        op: Option<BinOp>,
        /// The place assigned to (a pattern-like tuple or struct is an expression here too).
        place: Box<Expr>,
        /// The value.
        value: Box<Expr>,
    },
    /// `a as T`
    Cast(Box<Expr>, Type),
    /// `f(a, b)`
    Call {
        /// The function: mostly a path.
        callee: Box<Expr>,
        /// Arguments.
        args: Vec<Expr>,
    },
    /// `a.f::<T>(b, c)`
    Method {
        /// The receiver.
        recv: Box<Expr>,
        /// The method's name.
        name: Name,
        /// Where the name stands.
        name_span: Span,
        /// Turbofish arguments.
        turbofish: Vec<Type>,
        /// Arguments without the receiver.
        args: Vec<Expr>,
    },
    /// `a.await`
    Await(Box<Expr>),
    /// `a?`
    Try(Box<Expr>),
    /// `if cond { .. } else ..`; `cond` may hold [`ExprKind::Let`] joined with `&&`
    If {
        /// The condition.
        cond: Box<Expr>,
        /// Then.
        then: Block,
        /// Else: a block or another `if`.
        els: Option<Box<Expr>>,
    },
    /// `let pat = expr` in a condition
    Let {
        /// The pattern.
        pat: Box<Pat>,
        /// The value.
        expr: Box<Expr>,
    },
    /// `match`
    Match {
        /// The value.
        scrutinee: Box<Expr>,
        /// The arms in order.
        arms: Vec<Arm>,
    },
    /// `loop { .. }`
    Loop {
        /// `'label`, without the quote
        label: Option<Name>,
        /// Body.
        body: Block,
    },
    /// `while cond { .. }`; `while let` is a [`ExprKind::Let`] condition
    While {
        /// `'label`, without the quote
        label: Option<Name>,
        /// The condition.
        cond: Box<Expr>,
        /// Body.
        body: Block,
    },
    /// `for pat in iter { .. }`
    For {
        /// `'label`, without the quote
        label: Option<Name>,
        /// Binds each element.
        pat: Box<Pat>,
        /// What is iterated.
        iter: Box<Expr>,
        /// Body.
        body: Block,
    },
    /// `break 'label value`
    Break {
        /// `'label`
        label: Option<Name>,
        /// The value.
        value: Option<Box<Expr>>,
    },
    /// `continue 'label`
    Continue {
        /// `'label`
        label: Option<Name>,
    },
    /// `return value`
    Return(Option<Box<Expr>>),
    /// `|a, b| body`
    Closure {
        /// Parameters.
        params: Arc<[Param]>,
        /// Body. Shared: a running closure keeps it.
        body: Arc<Expr>,
        /// `async |..|`
        is_async: bool,
    },
    /// `async { .. }`, `async move { .. }`
    Async(Arc<Block>),
    /// `{ .. }`, `'label: { .. }`, `unsafe { .. }`, `const { .. }`
    Block {
        /// `'label`
        label: Option<Name>,
        /// The block.
        block: Block,
        /// `try { .. }`
        is_try: bool,
    },
    /// `S { a: 1, ..rest }`
    Struct {
        /// Its path.
        path: Path,
        /// Fields in order of writing.
        fields: Vec<(Name, Expr)>,
        /// `..rest`
        rest: Option<Box<Expr>>,
    },
    /// `(a, b)`; `()` is empty
    Tuple(Vec<Expr>),
    /// `[a, b]`, `vec![a, b]`
    Array(Vec<Expr>),
    /// `[a; n]`, `vec![a; n]`
    Repeat(Box<Expr>, Box<Expr>),
    /// `a..b`, `a..=b`
    Range {
        /// Start.
        lo: Option<Box<Expr>>,
        /// End.
        hi: Option<Box<Expr>>,
        /// `..=`
        inclusive: bool,
    },
    /// A macro call.
    Macro(Box<MacroCall>),
    /// Not understood.
    Opaque,
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub enum Lit {
    /// Integers that fit; others are `Opaque`.
    Int(i128),
    /// Floats.
    Float(f64),
    /// `"..."`, raw and C strings too
    Str(Name),
    /// `'c'`
    Char(char),
    /// `b"..."`, `b'c'`
    Bytes,
    /// `true`, `false`
    Bool(bool),
}

/// Unary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnOp {
    /// `!`
    Not,
    /// `-`
    Neg,
    /// `*`
    Deref,
}

/// Binary operators, also of compound assignments.
#[allow(missing_docs)] // the names of the operators
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// An arm of a `match`.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// The pattern.
    pub pat: Pat,
    /// `if guard`
    pub guard: Option<Expr>,
    /// What it does.
    pub body: Expr,
    /// The whole arm.
    pub span: Span,
}

/// A pattern with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Pat {
    /// What it is.
    pub kind: PatKind,
    /// Where it stands.
    pub span: Span,
}

/// Patterns.
#[derive(Debug, Clone, PartialEq)]
pub enum PatKind {
    /// `_` and `..`
    Wild,
    /// `name`, `mut name`, `ref name`, `name @ pat`. A bare name may also be a constant or a unit variant: the
    /// engine decides by what is in scope.
    Bind {
        /// The name.
        name: Name,
        /// What follows `@`.
        sub: Option<Box<Pat>>,
    },
    /// `A::B`
    Path(Path),
    /// `A::B(p, q)`; `..` is [`PatKind::Rest`]
    TupleStruct(Path, Vec<Pat>),
    /// `A::B { f: p, .. }`
    Struct(Path, Vec<(Name, Pat)>),
    /// `(p, q)`
    Tuple(Vec<Pat>),
    /// `[p, q, ..]`
    Slice(Vec<Pat>),
    /// `p | q`
    Or(Vec<Pat>),
    /// `1`, `"x"`, `-1`, `CONST` expressions
    Lit(Box<Expr>),
    /// `a..=b`, `a..`
    Range {
        /// Start.
        lo: Option<Box<Expr>>,
        /// End.
        hi: Option<Box<Expr>>,
        /// `..=`
        inclusive: bool,
    },
    /// `&p`, `box p`
    Ref(Box<Pat>),
    /// `..` inside a tuple, slice or tuple struct
    Rest,
    /// Not understood: matches, binds nothing.
    Opaque,
}

/// A macro call with as much of its body as parses.
#[derive(Debug, Clone, PartialEq)]
pub struct MacroCall {
    /// The macro's path, without `!`.
    pub path: Path,
    /// Its body.
    pub body: MacroBody,
}

/// What a macro's tokens parsed as, tried in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum MacroBody {
    /// `matches!(expr, pat if guard)`, also `assert_matches!`, `if_let`-like
    Matches {
        /// The value.
        expr: Box<Expr>,
        /// The pattern.
        pat: Box<Pat>,
        /// `if guard`
        guard: Option<Box<Expr>>,
    },
    /// `select! { pat = future, if cond => body, else => body }`: tokio's, futures' (`select_biased!` too)
    Select(Vec<SelectArm>),
    /// A comma-separated list of expressions; the names of `name = value` arguments are dropped, and so are
    /// the key and sigil of `tracing` fields (`%err`, `?err`, `key = %err`).
    Args(Vec<Expr>),
    /// Statements: `stream! { .. }`, `try_stream!`, `spawn!`, `retry! { .. }`
    Block(Block),
    /// None of these.
    Opaque,
}

/// An arm of `select!`.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectArm {
    /// Binds the result; `None` for `else`, `default` and `complete`.
    pub pat: Option<Pat>,
    /// The future; `None` for `else`, `default` and `complete`.
    pub future: Option<Expr>,
    /// `, if cond`
    pub guard: Option<Expr>,
    /// What it does.
    pub body: Expr,
    /// The whole arm.
    pub span: Span,
}
