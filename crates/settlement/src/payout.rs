//! Who gets what at the end: integers that sum to the locked collateral exactly (I4, I10).

use std::collections::BTreeMap;

use alloy_primitives::U256;
use maci_verdict::rule::{DENOMINATOR, Numerators, apportion};

use crate::market::Account;
use crate::types::{AccountId, Amount};

/// Entitlements under payout numerators: the floor of `sum_j balance_j * numerator_j / D` for each account, and the rest
/// one unit each by largest remainder, ties by account id.
///
/// `None` if the balances do not add up to `locked` for every outcome (I2) or the numerators are of another length.
pub fn entitlements(
    accounts: &BTreeMap<AccountId, Account>,
    numerators: &Numerators,
    locked: Amount,
) -> Option<BTreeMap<AccountId, Amount>> {
    let denominator = U256::from(DENOMINATOR);
    let mut shares = Vec::with_capacity(accounts.len());
    for (id, account) in accounts {
        if account.positions.len() != numerators.as_slice().len() {
            return None;
        }
        // Each product is below 2^158 and there are at most 256 of them.
        let weight = account
            .positions
            .iter()
            .zip(numerators.as_slice())
            .fold(U256::ZERO, |sum, (position, numerator)| {
                sum + U256::from(position.0) * U256::from(*numerator)
            });
        let (floor, remainder) = weight.div_rem(denominator);
        shares.push((id.clone(), Amount(u128::try_from(floor).ok()?), remainder));
    }
    let floors = Amount::sum(shares.iter().map(|(_, floor, _)| *floor))?;
    let rest = usize::try_from(locked.minus(floors)?.0).ok()?;
    // Accounts come in order of their ids; a stable sort keeps that order among equal remainders.
    shares.sort_by(|(_, _, left), (_, _, right)| right.cmp(left));
    if rest
        > shares
            .iter()
            .filter(|(_, _, remainder)| !remainder.is_zero())
            .count()
    {
        return None;
    }
    for (_, share, _) in shares.iter_mut().take(rest) {
        *share = share.plus(Amount(1))?;
    }
    Some(
        shares
            .into_iter()
            .filter(|(_, share, _)| *share > Amount::ZERO)
            .map(|(id, share, _)| (id, share))
            .collect(),
    )
}

/// Refunds at cost basis: each account gets its net payments (paid minus received) back.
///
/// Net payments sum to the pool. An account that already took out more than it put in has negative net payments and gets
/// nothing; what it took is missing from the pool, and the others bear that in proportion to their net payments.
pub fn refunds(
    accounts: &BTreeMap<AccountId, Account>,
    pool: Amount,
) -> Option<BTreeMap<AccountId, Amount>> {
    let net: Vec<(&AccountId, u128)> = accounts
        .iter()
        .map(|(id, account)| (id, account.paid.0.saturating_sub(account.received.0)))
        .collect();
    if pool == Amount::ZERO {
        return Some(BTreeMap::new());
    }
    let weights: Vec<u128> = net.iter().map(|(_, net)| *net).collect();
    let shares = apportion(pool.0, &weights)?;
    let entitled = net.into_iter().zip(shares).filter(|(_, share)| *share > 0);
    Some(
        entitled
            .map(|((id, _), share)| (id.clone(), Amount(share)))
            .collect(),
    )
}
