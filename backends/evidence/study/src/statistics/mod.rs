//! Whether two classes take the same time, by measurements in pairs: one of each class in each round.
//!
//! | file | what it is |
//! |---|---|
//! | `tests_of_pairs` | sign test and Wilcoxon's signed-rank test |
//! | `bootstrap` | how large a difference is, and how well that is known |
//! | `normal` | the normal distribution |

mod bootstrap;
mod normal;
mod tests_of_pairs;

pub use bootstrap::{Estimate, bootstrap};
pub use normal::quantile_of_tail;
pub use tests_of_pairs::{sign_test, signed_rank_test};

/// The middle of a list, or the upper of its two middles.
///
/// # Panics
/// When it is empty.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}
