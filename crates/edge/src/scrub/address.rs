//! Street addresses.
use serde::Deserialize;

use super::scan::Mark;

#[derive(Deserialize, Default)]
pub(crate) struct AddressText {}

pub(crate) struct Addresses {}

impl Addresses {
    pub(crate) fn read(_text: AddressText) -> Self {
        Self {}
    }

    pub(crate) fn find(&self, _bytes: &[u8], _runs: &[(usize, usize)], _found: &mut Vec<Mark>) {}
}
