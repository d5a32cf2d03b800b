//! Trees of the Arrow C Data Interface whose memory is there and whose contents are nonsense.
//!
//! A producer can tell lies that no consumer can notice, about how long its buffers are. Those are
//! not told here; every other one may be. Released memory is freed, so that its use is noticed.

mod buffers;

use buffers::pointer;

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use arbitrary::{Result as Chosen, Unstructured};

/// Trees that were made and not released.
pub(crate) static LIVE: AtomicUsize = AtomicUsize::new(0);

/// How deep types are nested, at most, where that is not the point.
const MAX_DEPTH: usize = 4;

/// `struct ArrowSchema`.
#[repr(C)]
pub(crate) struct CSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *const *const CSchema,
    dictionary: *const CSchema,
    release: Option<unsafe extern "C" fn(*mut CSchema)>,
    private_data: *mut c_void,
}

/// `struct ArrowArray`.
#[repr(C)]
pub(crate) struct CArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *const *const u8,
    children: *const *const CArray,
    dictionary: *const CArray,
    release: Option<unsafe extern "C" fn(*mut CArray)>,
    private_data: *mut c_void,
}

/// Everything that a tree points to.
#[derive(Default)]
pub(crate) struct Store {
    bytes: Vec<Box<[u8]>>,
    buffers: Vec<Box<[*const u8]>>,
    #[expect(clippy::vec_box, reason = "in an allocation of its own, at an address that stays")]
    arrays: Vec<Box<CArray>>,
    array_lists: Vec<Box<[*const CArray]>>,
    #[expect(clippy::vec_box, reason = "in an allocation of its own, at an address that stays")]
    schemas: Vec<Box<CSchema>>,
    schema_lists: Vec<Box<[*const CSchema]>>,
}

/// A type as a producer describes it.
#[derive(Clone)]
pub(crate) struct Type {
    format: String,
    layout: Layout,
    name: Option<Vec<u8>>,
    flags: i64,
    children: Vec<Type>,
    dictionary: Option<Box<Type>>,
}

/// The buffers of an array.
#[derive(Clone, Copy)]
enum Layout {
    /// None at all.
    Nothing,
    /// Validity, then these many bytes a value; 0 are bits, and none where there is nothing else.
    Values(Option<usize>),
    /// Validity and offsets of this width, and the bytes that they lead to.
    Bytes(usize),
    /// Validity and offsets of this width into the child.
    List(usize),
    /// Validity, offsets and sizes of this width.
    ListView(usize),
    /// Validity, views, data buffers and their lengths.
    Views,
    /// Type ids, and offsets where it is dense; no validity.
    Union(bool),
    /// Nobody can say: as much as any type could want, all zero.
    Unknown,
}

/// Formats without parameters and children, and their layouts.
const PLAIN: [(&str, Layout); 28] = [
    ("n", Layout::Nothing),
    ("b", Layout::Values(Some(0))),
    ("c", Layout::Values(Some(1))),
    ("C", Layout::Values(Some(1))),
    ("s", Layout::Values(Some(2))),
    ("S", Layout::Values(Some(2))),
    ("i", Layout::Values(Some(4))),
    ("I", Layout::Values(Some(4))),
    ("l", Layout::Values(Some(8))),
    ("L", Layout::Values(Some(8))),
    ("e", Layout::Values(Some(2))),
    ("f", Layout::Values(Some(4))),
    ("g", Layout::Values(Some(8))),
    ("z", Layout::Bytes(4)),
    ("u", Layout::Bytes(4)),
    ("Z", Layout::Bytes(8)),
    ("U", Layout::Bytes(8)),
    ("vz", Layout::Views),
    ("vu", Layout::Views),
    ("tdD", Layout::Values(Some(4))),
    ("tdm", Layout::Values(Some(8))),
    ("tts", Layout::Values(Some(4))),
    ("ttn", Layout::Values(Some(8))),
    ("tss:", Layout::Values(Some(8))),
    ("tsn:UTC", Layout::Values(Some(8))),
    ("tDu", Layout::Values(Some(8))),
    ("tiD", Layout::Values(Some(8))),
    ("tin", Layout::Values(Some(16))),
];

impl Type {
    /// The type of rows: usually a struct.
    pub(crate) fn of_rows(choices: &mut Unstructured<'_>) -> Chosen<Self> {
        match choices.arbitrary::<u8>()? {
            255 => Self::any(choices, 0),
            254 => {
                // Deeper than anybody needs.
                let mut inner = Self::any(choices, MAX_DEPTH)?;
                for _ in 0..choices.int_in_range(0..=80)? {
                    inner = Self::of("+s", Layout::Values(None), vec![inner]);
                }
                Ok(inner)
            }
            _ => {
                let mut columns = Vec::new();
                for _ in 0..choices.int_in_range(0..=3)? {
                    columns.push(Self::any(choices, 0)?);
                }
                Ok(Self::of("+s", Layout::Values(None), columns))
            }
        }
    }

    fn of(format: &str, layout: Layout, children: Vec<Self>) -> Self {
        let format = format.to_owned();
        Self { format, layout, name: None, flags: 2, children, dictionary: None }
    }

    fn any(choices: &mut Unstructured<'_>, depth: usize) -> Chosen<Self> {
        let nested = if depth < MAX_DEPTH { 12 } else { 0 };
        let mut this = match choices.int_in_range(0..=PLAIN.len() + 5 + nested)? {
            plain if plain < PLAIN.len() => Self::of(PLAIN[plain].0, PLAIN[plain].1, Vec::new()),
            other => match other - PLAIN.len() {
                0 => {
                    let width = choices.int_in_range(0..=5)?;
                    Self::of(&format!("w:{width}"), Layout::Values(Some(width)), Vec::new())
                }
                1 => {
                    let (bits, bytes) = *choices.choose(&[
                        ("", 16),
                        (",128", 16),
                        (",32", 4),
                        (",64", 8),
                        (",256", 32),
                    ])?;
                    let (precision, scale) = choices.arbitrary::<(u8, i8)>()?;
                    let format = format!("d:{precision},{scale}{bits}");
                    Self::of(&format, Layout::Values(Some(bytes)), Vec::new())
                }
                2 => {
                    let width = choices.int_in_range(0..=3)?;
                    let format = ["c", "s", "I", "l"][width];
                    let mut keys = Self::of(format, Layout::Values(Some(1 << width)), Vec::new());
                    let values = Self::any(choices, (depth + 1).min(MAX_DEPTH))?;
                    keys.dictionary = Some(Box::new(values));
                    keys
                }
                3 => {
                    let length = choices.int_in_range(0..=6)?;
                    let text = choices.bytes(usize::min(length, choices.len()))?;
                    let text = String::from_utf8_lossy(text).replace('\0', "");
                    Self::of(&text, Layout::Unknown, Vec::new())
                }
                4 | 5 => {
                    let texts =
                        ["w:-1", "w:x", "d:1", "tsx:", "+w:-1", "+ud:", "+us:0,0", "+x", "ts"];
                    Self::of(choices.choose(&texts)?, Layout::Unknown, Vec::new())
                }
                nested => Self::nested(choices, depth + 1, nested - 6)?,
            },
        };
        if choices.ratio(7, 8)? {
            this.name = Some(vec![b'a' + choices.arbitrary::<u8>()? % 8]);
        } else if choices.ratio(1, 2)? {
            let length = usize::min(choices.int_in_range(0..=9)?, choices.len());
            this.name =
                Some(choices.bytes(length)?.iter().copied().filter(|byte| *byte != 0).collect());
        }
        this.flags = choices.int_in_range(0..=7)?;
        Ok(this)
    }

    fn nested(choices: &mut Unstructured<'_>, depth: usize, which: usize) -> Chosen<Self> {
        let count = match which {
            0 | 1 | 8 | 9 => choices.int_in_range(0..=2)?,
            10 => 2,
            _ => 1,
        };
        // Rarely too many or too few.
        let count = if choices.ratio(1, 32)? { choices.int_in_range(0..=3)? } else { count };
        let mut children = Vec::new();
        for _ in 0..count {
            children.push(Self::any(choices, depth)?);
        }
        let ids: Vec<String> = (0..count).map(|id| id.to_string()).collect();
        let ids = ids.join(",");
        Ok(match which {
            0 | 1 => Self::of("+s", Layout::Values(None), children),
            2 => Self::of("+l", Layout::List(4), children),
            3 => Self::of("+L", Layout::List(8), children),
            4 => Self::of("+vl", Layout::ListView(4), children),
            5 => Self::of("+vL", Layout::ListView(8), children),
            6 => {
                let size = choices.int_in_range(0..=3)?;
                Self::of(&format!("+w:{size}"), Layout::Values(None), children)
            }
            7 => {
                let pair = vec![Self::any(choices, depth + 1)?, Self::any(choices, depth + 1)?];
                let entries = Self::of("+s", Layout::Values(None), pair);
                Self::of("+m", Layout::List(4), vec![entries])
            }
            8 => Self::of(&format!("+us:{ids}"), Layout::Union(false), children),
            9 => Self::of(&format!("+ud:{ids}"), Layout::Union(true), children),
            _ => Self::of("+r", Layout::Nothing, children),
        })
    }
}

/// A tree's first struct, to be lent, and its store where the struct says that it is released.
pub(crate) struct Lent<T>(
    Box<T>,
    #[expect(dead_code, reason = "kept only so that what was lent stays")] Option<Box<Store>>,
);

impl<T> Lent<T> {
    /// The address to lend, or one that cannot be right.
    pub(crate) fn address(&mut self, choices: &mut Unstructured<'_>) -> Chosen<*mut c_void> {
        Ok(pointer(choices, (&raw const *self.0).cast::<c_void>())?.cast_mut())
    }
}

impl Lent<CSchema> {
    pub(crate) fn new(choices: &mut Unstructured<'_>, of: &Type) -> Chosen<Self> {
        let mut store = Box::<Store>::default();
        let mut schema = store.schema(choices, of)?;
        let release: unsafe extern "C" fn(*mut CSchema) = release_schema;
        if lies(choices)? {
            return Ok(Self(Box::new(schema), Some(store)));
        }
        (schema.release, schema.private_data) = (Some(release), Box::into_raw(store).cast());
        LIVE.fetch_add(1, Ordering::SeqCst);
        Ok(Self(Box::new(schema), None))
    }

    /// Releases it, if nobody has taken it.
    pub(crate) fn take_back(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: it is our own, and was not called, or it would be gone.
            unsafe { release(&raw mut *self.0) };
        }
    }
}

impl Lent<CArray> {
    pub(crate) fn new(choices: &mut Unstructured<'_>, of: &Type, rows: usize) -> Chosen<Self> {
        let mut store = Box::<Store>::default();
        let mut array = store.array(choices, of, rows)?;
        let release: unsafe extern "C" fn(*mut CArray) = release_array;
        if lies(choices)? {
            return Ok(Self(Box::new(array), Some(store)));
        }
        (array.release, array.private_data) = (Some(release), Box::into_raw(store).cast());
        LIVE.fetch_add(1, Ordering::SeqCst);
        Ok(Self(Box::new(array), None))
    }

    /// Releases it, if nobody has taken it.
    pub(crate) fn take_back(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: it is our own, and was not called, or it would be gone.
            unsafe { release(&raw mut *self.0) };
        }
    }
}

unsafe extern "C" fn release_schema(schema: *mut CSchema) {
    // SAFETY: called with the struct that `Lent::new` made, wherever it was moved to.
    let schema = unsafe { &mut *schema };
    assert!(schema.release.take().is_some(), "a schema is released twice");
    // SAFETY: it is the store that `Lent::new` put there, taken once.
    drop(unsafe { Box::from_raw(schema.private_data.cast::<Store>()) });
    LIVE.fetch_sub(1, Ordering::SeqCst);
}

unsafe extern "C" fn release_array(array: *mut CArray) {
    // SAFETY: as in `release_schema`.
    let array = unsafe { &mut *array };
    assert!(array.release.take().is_some(), "an array is released twice");
    // SAFETY: as in `release_schema`.
    drop(unsafe { Box::from_raw(array.private_data.cast::<Store>()) });
    LIVE.fetch_sub(1, Ordering::SeqCst);
}

unsafe extern "C" fn release_child_schema(_: *mut CSchema) {}

unsafe extern "C" fn release_child_array(_: *mut CArray) {}

/// One time in sixty-four: a tree has many places, and one lie is enough to have it refused.
fn lies(choices: &mut Unstructured<'_>) -> Chosen<bool> {
    choices.ratio(1, 64)
}
