//! Types as far as the engine needs them: which type of the unit, or of which crate, a value is.
//!
//! References and smart pointers are looked through, locks and cells too, and a future is its output: none of them
//! changes which method is called or what an error is.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::ir::{self, Name, Type};
use crate::syntax::program::{Def, FnId, ModId, Program, Res, TraitId, TypeId};

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    /// Not known.
    Unknown,
    /// `()`
    Unit,
    /// `bool`
    Bool,
    /// Any integer.
    Int,
    /// Any float.
    Float,
    /// `str`, `String` and other text.
    Str,
    /// A type of the unit, with its generic arguments.
    Adt(TypeId, Arc<[Ty]>),
    /// A type of another crate, by its path.
    Ext(Name),
    /// A trait object or a generic parameter bound by a trait of the unit.
    Dyn(TraitId),
    /// A tuple.
    Tuple(Arc<[Ty]>),
    /// A vector, slice, map's values, iterator or stream.
    List(Arc<Ty>),
    /// `Option`
    Option(Arc<Ty>),
    /// `Result`
    Result(Arc<Ty>, Arc<Ty>),
    /// Something that can be called, by what it returns.
    Func(Arc<Ty>),
}

impl Ty {
    /// An external type by its path.
    pub fn ext(path: &str) -> Ty {
        match path {
            "()" => Ty::Unit,
            _ => Ty::Ext(Name::new(path)),
        }
    }

    /// The payload of an `Option` or `Ok`.
    pub fn payload(&self) -> Ty {
        match self {
            Ty::Option(inner) | Ty::Result(inner, _) => (**inner).clone(),
            _ => Ty::Unknown,
        }
    }

    /// Whether anything is known.
    pub fn is_known(&self) -> bool {
        *self != Ty::Unknown
    }
}

/// Where a written type is read: its module, `Self` and the generic parameters in scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    /// The module.
    pub module: ModId,
    /// `Self`.
    pub self_ty: Ty,
    /// Generic parameters.
    pub generics: FxHashMap<Name, Ty>,
}

impl Scope {
    /// The scope of a function's signature and body.
    pub fn of(program: &Program, id: FnId) -> Scope {
        let function = program.signature(id);
        let mut scope = Scope { module: function.module(), self_ty: Ty::Unknown, generics: FxHashMap::default() };
        // Bounds may name parameters declared later (`F: Fn() -> Fut, Fut: Future`): the second round knows them.
        for _ in 0..2 {
            for generic in function.generics() {
                let ty = scope.read_bounds(program, &generic.bounds);
                scope.generics.insert(generic.name, ty);
            }
        }
        scope.self_ty = match (function.self_ty(), function.trait_()) {
            (Some(ty), _) => scope.read(program, ty),
            (None, Some(trait_)) => trait_.id.map_or(Ty::Unknown, Ty::Dyn),
            (None, None) => Ty::Unknown,
        };
        scope
    }

    fn read_bounds(&self, program: &Program, bounds: &[Type]) -> Ty {
        bounds.iter().map(|b| self.read_bound(program, b)).find(Ty::is_known).unwrap_or(Ty::Unknown)
    }

    fn read_bound(&self, program: &Program, bound: &Type) -> Ty {
        match bound {
            Type::Fn { ret, .. } => Ty::Func(Arc::new(ret.as_ref().map_or(Ty::Unit, |r| self.read(program, r)))),
            Type::Assoc { bound, value } => match bound.last().as_str() {
                "Iterator" | "IntoIterator" | "Stream" => Ty::List(Arc::new(self.read(program, value))),
                "Future" | "IntoFuture" => self.read(program, value),
                _ => Ty::Unknown,
            },
            Type::Path(path) => match program.resolve(self.module, &path.segments) {
                Some(Res::Def(Def::Trait(id))) => Ty::Dyn(id),
                _ => match path.last().as_str() {
                    "AsRef" | "Into" | "Borrow" => path.args.first().map_or(Ty::Unknown, |a| self.read(program, a)),
                    "ToString" | "Display" => Ty::Str,
                    _ => Ty::Unknown,
                },
            },
            _ => Ty::Unknown,
        }
    }

    /// A trait of another crate that is not the standard library's.
    fn read_foreign(&self, program: &Program, bound: &Type) -> Option<Ty> {
        let Type::Path(path) = bound else { return None };
        match program.resolve(self.module, &path.segments)? {
            Res::External(full) if full.len() > 1 && !matches!(full[0].as_str(), "std" | "core" | "alloc") => {
                Some(Ty::ext(&join(&full)))
            }
            _ => None,
        }
    }

    /// Reads a written type.
    pub fn read(&self, program: &Program, ty: &Type) -> Ty {
        self.read_at(program, ty, 0)
    }

    fn read_at(&self, program: &Program, ty: &Type, depth: u32) -> Ty {
        // Aliases may be cyclic in text that does not compile.
        if depth > 16 {
            return Ty::Unknown;
        }
        match ty {
            Type::Ref(inner) => self.read_at(program, inner, depth + 1),
            Type::Tuple(parts) if parts.is_empty() => Ty::Unit,
            Type::Tuple(parts) => Ty::Tuple(parts.iter().map(|p| self.read_at(program, p, depth + 1)).collect()),
            Type::Slice(inner) => Ty::List(Arc::new(self.read_at(program, inner, depth + 1))),
            Type::Impl(bounds) => self.read_bounds(program, bounds),
            Type::Dyn(bounds) => match self.read_bounds(program, bounds) {
                // `dyn TokenCredential`: some value of that crate's.
                Ty::Unknown => bounds.iter().find_map(|b| self.read_foreign(program, b)).unwrap_or(Ty::Unknown),
                known => known,
            },
            Type::Fn { ret, .. } => {
                Ty::Func(Arc::new(ret.as_ref().map_or(Ty::Unit, |r| self.read_at(program, r, depth + 1))))
            }
            Type::Assoc { .. } => self.read_bound(program, ty),
            Type::Infer | Type::Never | Type::Opaque => Ty::Unknown,
            Type::Path(path) => self.read_path(program, path, depth),
        }
    }

    fn read_path(&self, program: &Program, path: &ir::Path, depth: u32) -> Ty {
        if let Some(name) = path.single() {
            if name == "Self" {
                return self.self_ty.clone();
            }
            if let Some(found) = self.generics.get(&name) {
                return found.clone();
            }
        }
        let arg = |i: usize| path.args.get(i).map_or(Ty::Unknown, |a| self.read_at(program, a, depth + 1));
        match program.resolve(self.module, &path.segments) {
            Some(Res::Def(Def::Type(id))) => {
                return Ty::Adt(id, (0..path.args.len()).map(arg).collect());
            }
            Some(Res::Def(Def::Alias(index))) => {
                let alias = program.alias(index);
                let mut scope =
                    Scope { module: alias.module, self_ty: self.self_ty.clone(), generics: FxHashMap::default() };
                for (i, generic) in alias.def.generics.iter().enumerate() {
                    scope.generics.insert(generic.name, arg(i));
                }
                return scope.read_at(program, &alias.def.ty, depth + 1);
            }
            Some(Res::Def(Def::Trait(id))) => return Ty::Dyn(id),
            Some(Res::External(full)) => {
                let joined = join(&full);
                return known(&joined, path.last(), &arg, path.args.len()).unwrap_or_else(|| Ty::ext(&joined));
            }
            _ => {}
        }
        known("", path.last(), &arg, path.args.len()).unwrap_or(Ty::Unknown)
    }
}

/// Types of the standard library and of common crates that are looked through or have a shape of their own.
fn known(full: &str, last: Name, arg: &dyn Fn(usize) -> Ty, args: usize) -> Option<Ty> {
    Some(match last.as_str() {
        "Box" | "Arc" | "Rc" | "Pin" | "Cow" | "Mutex" | "RwLock" | "RefCell" | "Cell" | "OnceCell" | "OnceLock"
        | "LazyLock" | "Lazy" | "ArcSwap" | "MutexGuard" | "RwLockReadGuard" | "RwLockWriteGuard"
        | "OwnedMutexGuard" | "ManuallyDrop" | "Wrapping" | "Weak" | "AssertUnwindSafe" | "BoxFuture"
        | "LocalBoxFuture" | "JoinHandle"
            if args > 0 =>
        {
            arg(0)
        }
        "Option" => Ty::Option(Arc::new(arg(0))),
        // `anyhow::Result<T>`, `io::Result<T>`, `std::result::Result<T, E>`
        "Result" | "BackoffResult" => {
            Ty::Result(Arc::new(arg(0)), Arc::new(if args > 1 { arg(1) } else { result_error(full) }))
        }
        "ControlFlow" => return None,
        "Vec" | "VecDeque" | "HashSet" | "BTreeSet" | "LinkedList" | "BinaryHeap" | "IntoIter" | "Iter"
        | "BoxStream" | "SmallVec" => Ty::List(Arc::new(arg(0))),
        "HashMap" | "BTreeMap" | "DashMap" | "IndexMap" | "FxHashMap" => Ty::List(Arc::new(arg(1))),
        "String" | "str" | "OsString" | "PathBuf" | "Path" | "SecretString" => Ty::Str,
        "bool" | "AtomicBool" => Ty::Bool,
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize"
        | "NonZeroU32" | "AtomicUsize" | "AtomicU64" | "AtomicU32" | "NonZeroUsize" => Ty::Int,
        "f32" | "f64" => Ty::Float,
        _ => return None,
    })
}

fn result_error(full: &str) -> Ty {
    match full.strip_suffix("::Result") {
        Some("std" | "core" | "std::result") | None => Ty::Unknown,
        Some(krate) => Ty::ext(&format!("{krate}::Error")),
    }
}

/// `a::b::c`
pub fn join(path: &[Name]) -> String {
    path.iter().map(|n| n.as_str()).collect::<Vec<_>>().join("::")
}
