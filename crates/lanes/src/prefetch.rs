//! A hint to fetch a point before it is needed.

/// Has a point's cache lines fetched; an index beyond the slice asks for nothing.
#[cfg(target_arch = "x86_64")]
#[inline]
#[allow(unsafe_code)]
pub(crate) fn prefetch<T>(points: &[T], index: usize) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    if let Some(point) = points.get(index) {
        let line = core::ptr::from_ref(point).cast::<i8>();
        // SAFETY: a prefetch may name any address and changes nothing that a program sees.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
        if size_of::<T>() > 64 {
            // SAFETY: as above.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(64)) };
        }
    }
}

/// Nothing: the processor has no such hint that we know of.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn prefetch<T>(_points: &[T], _index: usize) {}
