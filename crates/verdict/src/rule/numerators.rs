//! Payout numerators: they always sum to one fixed denominator, so that redemption never overflows (settlement.md §4.5).

use alloy_primitives::U256;

/// D: what the numerators of every payout sum to.
pub const DENOMINATOR: u64 = 1_000_000_000;

/// One numerator per outcome slot, summing to [`DENOMINATOR`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Numerators(Vec<u64>);

impl Numerators {
    /// Shares [`DENOMINATOR`] in proportion to `weights` by largest remainder; `None` if all weights are zero.
    pub fn from_weights(weights: &[u128]) -> Option<Self> {
        let shares = apportion(u128::from(DENOMINATOR), weights)?;
        Some(Self(shares.into_iter().map(|share| share as u64).collect()))
    }

    /// Takes numerators that already sum to [`DENOMINATOR`].
    pub fn from_vec(numerators: Vec<u64>) -> Option<Self> {
        let sum = numerators
            .iter()
            .try_fold(0u64, |sum, numerator| sum.checked_add(*numerator))?;
        (sum == DENOMINATOR).then_some(Self(numerators))
    }

    /// The numerators by slot.
    pub fn as_slice(&self) -> &[u64] {
        &self.0
    }
}

/// Shares `total` in proportion to `weights`: floors first, then one unit each by largest remainder, the lowest index
/// first among equal remainders. The shares sum to `total` exactly; `None` if the weights sum to zero or overflow.
pub fn apportion(total: u128, weights: &[u128]) -> Option<Vec<u128>> {
    let sum = weights
        .iter()
        .try_fold(0u128, |sum, weight| sum.checked_add(*weight))?;
    if sum == 0 {
        return None;
    }
    let divisor = U256::from(sum);
    // Both factors are below 2^128, so the product fits 256 bits; a share is at most `total`.
    let (mut shares, remainders): (Vec<u128>, Vec<U256>) = weights
        .iter()
        .map(|weight| {
            let (share, remainder) = (U256::from(total) * U256::from(*weight)).div_rem(divisor);
            (share.saturating_to::<u128>(), remainder)
        })
        .unzip();
    let rest = total - shares.iter().sum::<u128>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    // A stable sort keeps index order among equal remainders.
    order.sort_by(|left, right| remainders[*right].cmp(&remainders[*left]));
    // The rest is below the number of non-zero remainders, so it never wraps around.
    for index in order
        .into_iter()
        .take(usize::try_from(rest).unwrap_or(usize::MAX))
    {
        shares[index] += 1;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rests_go_to_the_largest_remainder_then_the_lowest_index() {
        assert_eq!(apportion(10, &[1, 1, 1]), Some(vec![4, 3, 3]));
        assert_eq!(apportion(10, &[1, 2, 2]), Some(vec![2, 4, 4]));
        assert_eq!(apportion(7, &[2, 3]), Some(vec![3, 4]));
        assert_eq!(apportion(5, &[0, 0]), None);
        assert_eq!(apportion(5, &[u128::MAX, 1]), None);
        assert_eq!(apportion(u128::MAX, &[u128::MAX]), Some(vec![u128::MAX]));
        assert_eq!(apportion(0, &[3, 4]), Some(vec![0, 0]));
    }

    proptest! {
        #[test]
        fn shares_sum_exactly_and_stay_within_one_of_the_quota(
            total in any::<u128>(), weights in prop::collection::vec(0u128..1 << 100, 1..20)
        ) {
            let sum: u128 = weights.iter().sum();
            prop_assume!(sum > 0);
            let shares = apportion(total, &weights).unwrap();
            prop_assert_eq!(shares.iter().sum::<u128>(), total);
            for (share, weight) in shares.iter().zip(&weights) {
                let floor = (U256::from(total) * U256::from(*weight) / U256::from(sum)).to::<u128>();
                prop_assert!(*share == floor || *share == floor + 1);
            }
        }

        #[test]
        fn m_06_numerators_sum_to_the_denominator(weights in prop::collection::vec(any::<u64>().prop_map(u128::from), 1..256)) {
            if let Some(numerators) = Numerators::from_weights(&weights) {
                prop_assert_eq!(numerators.as_slice().iter().sum::<u64>(), DENOMINATOR);
                prop_assert_eq!(Numerators::from_vec(numerators.as_slice().to_vec()), Some(numerators));
            }
        }
    }
}
