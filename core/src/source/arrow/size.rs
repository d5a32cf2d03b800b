//! How much memory arrays take, without the rest of what they are slices of.

use arrow_array::cast::AsArray;
use arrow_array::{Array, GenericListArray, OffsetSizeTrait};
use arrow_schema::DataType;

/// About the bytes of an array. Texts of views lie in buffers that all slices share, as large as the
/// whole: each text is counted by its own length.
pub(super) fn of(array: &dyn Array) -> usize {
    match array.data_type() {
        DataType::Utf8View => of_views(array.as_string_view().views()),
        DataType::BinaryView => of_views(array.as_binary_view().views()),
        DataType::Struct(_) => array.as_struct().columns().iter().map(|column| of(&**column)).sum(),
        DataType::List(_) => of_lists(array.as_list::<i32>()),
        DataType::LargeList(_) => of_lists(array.as_list::<i64>()),
        _ => {
            let whole = || array.get_array_memory_size();
            array.to_data().get_slice_memory_size().unwrap_or_else(|_| whole())
        }
    }
}

fn of_views(views: &[u128]) -> usize {
    // The length is the lowest word of a view.
    let length = |view: &u128| usize::try_from(view & u128::from(u32::MAX)).unwrap_or(0);
    views.iter().map(|view| size_of_val(view) + length(view)).sum()
}

fn of_lists<O: OffsetSizeTrait>(lists: &GenericListArray<O>) -> usize {
    let ends = lists.value_offsets();
    let [first, last] = [ends.first(), ends.last()].map(|end| end.map_or(0, |end| end.as_usize()));
    size_of_val(ends) + of(&*lists.values().slice(first, last - first))
}
