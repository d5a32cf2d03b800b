//! Fills the buffers of an array, mostly right.

use super::*;

impl Store {
    fn text(&mut self, text: &[u8]) -> *const c_char {
        let mut bytes = text.to_vec();
        bytes.push(0);
        self.keep(bytes).cast()
    }

    fn keep(&mut self, bytes: Vec<u8>) -> *const u8 {
        let bytes = bytes.into_boxed_slice();
        let first = bytes.as_ptr();
        self.bytes.push(bytes);
        first
    }

    pub(super) fn schema(&mut self, choices: &mut Unstructured<'_>, of: &Type) -> Chosen<CSchema> {
        let mut children = Vec::new();
        for child in &of.children {
            let schema = Box::new(self.schema(choices, child)?);
            children.push(pointer(choices, &raw const *schema)?);
            self.schemas.push(schema);
        }
        let mut dictionary = ptr::null();
        if let Some(values) = &of.dictionary {
            let schema = Box::new(self.schema(choices, values)?);
            dictionary = pointer(choices, &raw const *schema)?;
            self.schemas.push(schema);
        }
        let count = i64::try_from(children.len()).unwrap_or_default();
        let children = children.into_boxed_slice();
        let first = children.as_ptr();
        self.schema_lists.push(children);
        Ok(CSchema {
            format: match lies(choices)? {
                true => ptr::null(),
                false => self.text(of.format.as_bytes()),
            },
            name: match &of.name {
                Some(name) => self.text(name),
                None => ptr::null(),
            },
            metadata: ptr::null(),
            flags: of.flags,
            n_children: wrong_count(choices, count)?,
            children: first,
            dictionary,
            release: Some(release_child_schema),
            private_data: ptr::null_mut(),
        })
    }

    /// An array of about as many values as it is asked for.
    pub(super) fn array(
        &mut self,
        choices: &mut Unstructured<'_>,
        of: &Type,
        rows: usize,
    ) -> Chosen<CArray> {
        let offset = if choices.ratio(1, 8)? { choices.int_in_range(0..=3)? } else { 0 };
        let length = match lies(choices)? {
            true => choices.int_in_range(0..=9)?,
            false => rows,
        };
        let buffers = self.buffers(choices, of.layout, length + offset)?;
        let inner = match of.layout {
            Layout::List(_) | Layout::ListView(_) => choices.int_in_range(0..=6)?,
            Layout::Values(None) if of.format.starts_with("+w:") => {
                let size = of.format[3..].parse::<usize>().unwrap_or_default();
                (length + offset) * size
            }
            Layout::Nothing => choices.int_in_range(0..=rows)?,
            _ => length + offset,
        };
        let mut children = Vec::new();
        for child in &of.children {
            let array = Box::new(self.array(choices, child, inner)?);
            children.push(pointer(choices, &raw const *array)?);
            self.arrays.push(array);
        }
        let mut dictionary = ptr::null();
        if let Some(values) = &of.dictionary {
            let count = choices.int_in_range(0..=3)?;
            let array = Box::new(self.array(choices, values, count)?);
            dictionary = pointer(choices, &raw const *array)?;
            self.arrays.push(array);
        }
        let child_count = i64::try_from(children.len()).unwrap_or_default();
        let buffer_count = i64::try_from(buffers.len()).unwrap_or_default();
        let (children, buffers) = (children.into_boxed_slice(), buffers.into_boxed_slice());
        let (first_child, first_buffer) = (children.as_ptr(), buffers.as_ptr());
        self.array_lists.push(children);
        self.buffers.push(buffers);
        // Either is impossible, or as long as the buffers are.
        let wrong = [i64::MIN, -1, i64::MAX, i64::MAX - 1];
        Ok(CArray {
            length: match lies(choices)? {
                true => *choices.choose(&wrong)?,
                false => i64::try_from(length).unwrap_or_default(),
            },
            null_count: match choices.arbitrary::<u8>()? {
                0..=127 => -1,
                128..=191 => 0,
                _ => choices.int_in_range(-2..=9)?,
            },
            offset: match lies(choices)? {
                true => *choices.choose(&wrong)?,
                false => i64::try_from(offset).unwrap_or_default(),
            },
            n_buffers: match lies(choices)? {
                true => choices.int_in_range(-1..=buffer_count)?,
                false => buffer_count,
            },
            n_children: wrong_count(choices, child_count)?,
            buffers: match lies(choices)? {
                true => ptr::null(),
                false => first_buffer,
            },
            children: first_child,
            dictionary,
            release: Some(release_child_array),
            private_data: ptr::null_mut(),
        })
    }

    fn buffers(
        &mut self,
        choices: &mut Unstructured<'_>,
        layout: Layout,
        rows: usize,
    ) -> Chosen<Vec<*const u8>> {
        let mut buffers = Vec::new();
        if !matches!(layout, Layout::Nothing | Layout::Union(_) | Layout::Unknown) {
            buffers.push(match choices.ratio(1, 2)? {
                true => ptr::null(),
                false => self.content(choices, rows.div_ceil(8))?,
            });
        }
        match layout {
            Layout::Nothing | Layout::Values(None) => {}
            Layout::Values(Some(0)) => buffers.push(self.content(choices, rows.div_ceil(8))?),
            Layout::Values(Some(width)) => buffers.push(self.content(choices, rows * width)?),
            Layout::Bytes(width) => {
                let (offsets, end) = self.offsets(choices, rows, width)?;
                buffers.push(offsets);
                let text = self.content(choices, end)?;
                buffers.push(text);
            }
            Layout::List(width) => buffers.push(self.offsets(choices, rows, width)?.0),
            Layout::ListView(width) => {
                for _ in 0..2 {
                    let numbers = self.numbers(choices, rows, width)?;
                    buffers.push(self.keep(numbers));
                }
            }
            Layout::Views => {
                let views = self.views(choices, rows)?;
                buffers.push(views);
                let mut lengths = Vec::new();
                for _ in 0..choices.int_in_range(0..=2)? {
                    let length = choices.int_in_range(0..=40)?;
                    let data = self.content(choices, length)?;
                    buffers.push(data);
                    let length = if lies(choices)? { -1 } else { length as i64 };
                    lengths.extend(length.to_ne_bytes());
                }
                let lengths = self.keep(lengths);
                buffers.push(lengths);
            }
            Layout::Union(is_dense) => {
                let ids = (0..rows).map(|_| choices.int_in_range(0..=2)).collect::<Chosen<_>>()?;
                buffers.push(self.keep(ids));
                if is_dense {
                    let numbers = self.numbers(choices, rows, 4)?;
                    buffers.push(self.keep(numbers));
                }
            }
            Layout::Unknown => {
                for _ in 0..choices.int_in_range(0..=4)? {
                    buffers.push(self.keep(vec![0; 64 * (rows + 2)]));
                }
            }
        }
        Ok(buffers)
    }

    /// Bytes of the input, text more often than not, with nothing behind them.
    fn content(&mut self, choices: &mut Unstructured<'_>, length: usize) -> Chosen<*const u8> {
        if lies(choices)? {
            return Ok(ptr::null());
        }
        let available = choices.bytes(length.min(choices.len()))?;
        let mut bytes = available.to_vec();
        bytes.resize(length, 0);
        if choices.ratio(1, 2)? {
            bytes.iter_mut().for_each(|byte| *byte &= 0x7f);
        }
        match choices.ratio(1, 32)? {
            // Not aligned for anything.
            true => {
                bytes.insert(0, 0);
                Ok(self.keep(bytes).wrapping_add(1))
            }
            false => Ok(self.keep(bytes)),
        }
    }

    /// Small numbers, mostly.
    fn numbers(
        &mut self,
        choices: &mut Unstructured<'_>,
        count: usize,
        width: usize,
    ) -> Chosen<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count * width);
        for _ in 0..count {
            let number = match lies(choices)? {
                true => choices.arbitrary()?,
                false => choices.int_in_range(0..=3i64)?,
            };
            bytes.extend_from_slice(&number.to_le_bytes()[..width]);
        }
        Ok(bytes)
    }

    /// Offsets and where the last one leads: what is there is as long as that, if it is possible.
    fn offsets(
        &mut self,
        choices: &mut Unstructured<'_>,
        rows: usize,
        width: usize,
    ) -> Chosen<(*const u8, usize)> {
        let mut at = if lies(choices)? { choices.int_in_range(-2..=2)? } else { 0 };
        let mut bytes = Vec::with_capacity((rows + 1) * width);
        for row in 0..=rows {
            if row > 0 {
                at += choices.int_in_range(0..=4i64)?;
            }
            let mut offset = at;
            if row < rows && lies(choices)? {
                offset = choices.arbitrary()?;
            }
            if row == rows && lies(choices)? {
                // It is not long, but it need not be where the others lead.
                at = choices.int_in_range(-3..=20)?;
                offset = at;
            }
            bytes.extend_from_slice(&offset.to_le_bytes()[..width]);
        }
        Ok((self.keep(bytes), usize::try_from(at).unwrap_or_default()))
    }

    /// Views: short ones, and such that lead into a data buffer, or nowhere.
    fn views(&mut self, choices: &mut Unstructured<'_>, rows: usize) -> Chosen<*const u8> {
        let mut bytes = Vec::with_capacity(rows * 16);
        for _ in 0..rows {
            let length = choices.int_in_range(0..=20u32)?;
            let mut view = [0u8; 16];
            view[..4].copy_from_slice(&length.to_le_bytes());
            let rest = choices.bytes(choices.len().min(4))?;
            view[4..4 + rest.len()].copy_from_slice(rest);
            if length > 12 {
                view[8] = choices.int_in_range(0..=2)?;
                view[12] = choices.int_in_range(0..=30)?;
            }
            if lies(choices)? {
                let place = choices.int_in_range(0..=15)?;
                view[place] = choices.arbitrary()?;
            }
            bytes.extend_from_slice(&view);
        }
        Ok(self.keep(bytes))
    }
}

/// A pointer, or one that cannot be right.
pub(super) fn pointer<T>(choices: &mut Unstructured<'_>, right: *const T) -> Chosen<*const T> {
    Ok(match choices.arbitrary::<u8>()? {
        254 => ptr::null(),
        255 => right.wrapping_byte_add(3),
        _ => right,
    })
}

/// A count, or one that cannot be right.
fn wrong_count(choices: &mut Unstructured<'_>, right: i64) -> Chosen<i64> {
    Ok(match lies(choices)? {
        true => *choices.choose(&[-1, i64::MIN, i64::MAX, 1 << 40])?,
        false => right,
    })
}
