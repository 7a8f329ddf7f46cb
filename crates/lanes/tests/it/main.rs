//! Sums of points in both backends and transforms, beside arkworks.
#![allow(missing_docs, clippy::unwrap_used)]

mod points;
mod transform;
