//! Labels of tokens that have been looked at, by the SHA-256 of each: no token is kept.
//!
//! Those that proved something are kept apart from those that did not, so that whoever sends many of the latter pushes none
//! of the former out.

use std::collections::{HashMap, VecDeque};

use aws_lc_rs::digest::{SHA256, digest};

use super::{InvalidToken, TokenLabel};

const MOST: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token).as_ref());
        Self(hash)
    }
}

/// For how long a label holds, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// A token proved it, and expires then.
    Proved(u64),
    Until(u64),
    Not,
}

#[derive(Debug, Default)]
pub(super) struct Cache {
    proved: Bounded,
    refused: Bounded,
    /// How often keys had been taken back when what is proved here was proved.
    withdrawals: u64,
}

impl Cache {
    pub(super) fn get(&self, hash: &TokenHash, now: u64) -> Option<TokenLabel> {
        if let Some((label, until)) = self.proved.get(hash) {
            // It has been proved when that is.
            return Some(if now < until { label } else { TokenLabel::Invalid(InvalidToken::Expired) });
        }
        self.refused.get(hash).filter(|(_, until)| now < *until).map(|(label, _)| label)
    }

    /// What a key proved that has been taken back since is not kept.
    pub(super) fn insert(&mut self, hash: TokenHash, label: TokenLabel, keep: Keep, withdrawals: u64) {
        match keep {
            Keep::Proved(until) if self.withdrawals == withdrawals => {
                self.proved.insert(hash, (label, until))
            }
            Keep::Until(until) => self.refused.insert(hash, (label, until)),
            Keep::Proved(_) | Keep::Not => {}
        }
    }

    /// Forgets what is proved if keys have been taken back since.
    pub(super) fn withdrawn(&mut self, withdrawals: u64) {
        if self.withdrawals != withdrawals {
            self.withdrawals = withdrawals;
            self.proved = Bounded::default();
        }
    }
}

/// The oldest makes room.
#[derive(Debug, Default)]
struct Bounded {
    labels: HashMap<TokenHash, (TokenLabel, u64)>,
    order: VecDeque<TokenHash>,
}

impl Bounded {
    fn get(&self, hash: &TokenHash) -> Option<(TokenLabel, u64)> {
        self.labels.get(hash).copied()
    }

    fn insert(&mut self, hash: TokenHash, label: (TokenLabel, u64)) {
        if self.labels.insert(hash, label).is_some() {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.labels.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: TokenLabel = TokenLabel::Invalid(InvalidToken::BadSignature);

    fn hash(index: usize) -> TokenHash {
        TokenHash::of(&index.to_be_bytes())
    }

    #[test]
    fn a_flood_of_forged_tokens_takes_bounded_room_and_pushes_out_no_good_one() {
        let mut cache = Cache::default();
        cache.insert(hash(0), TokenLabel::User, Keep::Proved(100), 0);
        for index in 1..=3 * MOST {
            cache.insert(hash(index), BAD, Keep::Until(60), 0);
            cache.insert(hash(index), BAD, Keep::Until(61), 0);
        }
        assert_eq!((cache.refused.labels.len(), cache.refused.order.len()), (MOST, MOST));
        assert_eq!(cache.get(&hash(0), 99), Some(TokenLabel::User));
        assert_eq!((cache.get(&hash(1), 60), cache.get(&hash(3 * MOST), 60)), (None, Some(BAD)));
    }

    #[test]
    fn what_was_proved_has_expired_in_its_second_and_what_was_refused_is_looked_at_again() {
        let mut cache = Cache::default();
        cache.insert(hash(1), TokenLabel::User, Keep::Proved(100), 0);
        cache.insert(hash(2), BAD, Keep::Until(100), 0);
        assert_eq!((cache.get(&hash(1), 99), cache.get(&hash(2), 99)), (Some(TokenLabel::User), Some(BAD)));
        let expired = Some(TokenLabel::Invalid(InvalidToken::Expired));
        assert_eq!((cache.get(&hash(1), 100), cache.get(&hash(2), 100)), (expired, None));
    }

    #[test]
    fn what_a_withdrawn_key_proved_is_forgotten_and_not_kept_afterwards() {
        let mut cache = Cache::default();
        cache.insert(hash(1), TokenLabel::User, Keep::Proved(100), 0);
        cache.withdrawn(0);
        assert_eq!(cache.get(&hash(1), 0), Some(TokenLabel::User));
        cache.withdrawn(1);
        cache.insert(hash(2), TokenLabel::User, Keep::Proved(100), 0);
        assert_eq!((cache.get(&hash(1), 0), cache.get(&hash(2), 0)), (None, None));
    }
}
