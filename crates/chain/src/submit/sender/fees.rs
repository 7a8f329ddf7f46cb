//! What a first version of a transaction offers, and what the next one does.

use super::Attempt;
use crate::client::transact::Fees;

/// At least 12.5 % more: what the pools of all clients accept as a replacement.
pub fn bumped(fee: u128) -> u128 {
    fee.saturating_add(fee.div_ceil(8))
        .max(fee.saturating_add(1))
}

/// Fees for a first version, within the cap; `None` while the chain asks for more than the cap.
pub fn first_fees(fees: &Fees, cap: u128) -> Option<(u128, u128)> {
    if fees.base_fee.saturating_add(fees.priority_fee) > cap {
        return None;
    }
    // Two doublings of the base fee take six full blocks.
    let most = fees
        .base_fee
        .saturating_mul(2)
        .saturating_add(fees.priority_fee)
        .min(cap);
    Some((most, fees.priority_fee.min(most)))
}

/// Fees for a replacement: 12.5 % above the version before and no less than the chain asks now; `None` above the cap.
pub fn replacement_fees(last: &Attempt, fees: &Fees, cap: u128) -> Option<(u128, u128)> {
    let now = fees
        .base_fee
        .saturating_mul(2)
        .saturating_add(fees.priority_fee)
        .min(cap);
    let most = bumped(last.max_fee_per_gas).max(now);
    let tip = bumped(last.max_priority_fee_per_gas).max(fees.priority_fee);
    (most <= cap && tip <= most).then_some((most, tip))
}
