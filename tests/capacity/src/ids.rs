//! Ids that are numbers, so that what belongs to an id is found by position.

use uuid::Uuid;

const STAGE: u128 = 0x57a6_0000_0000_4000_8000 << 48;
const ITEM: u128 = 0x17e3_0000_0000_4000_8000 << 48;
const DELIVERY: u128 = 0xde11_0000_0000_4000_8000 << 48;
const CLAIM: u128 = 0xc1a1_0000_0000_4000_8000 << 48;
const NAMED: u128 = 0xa113_0000_0000_4000_8000 << 48;

/// The part of an id that is the number.
const NUMBER: u128 = 0xffff_ffff;

pub(crate) const WORKFLOW: Uuid = Uuid::from_u128(NAMED);
pub(crate) const ENTRY: Uuid = Uuid::from_u128(NAMED + 1);
pub(crate) const END: Uuid = Uuid::from_u128(NAMED + 2);
pub(crate) const FAILURES: Uuid = Uuid::from_u128(NAMED + 3);

pub(crate) const fn stage(number: usize) -> Uuid {
    Uuid::from_u128(STAGE + number as u128)
}

pub(crate) const fn item(file: usize) -> Uuid {
    Uuid::from_u128(ITEM + file as u128)
}

pub(crate) const fn delivery(file: usize) -> Uuid {
    Uuid::from_u128(DELIVERY + file as u128)
}

pub(crate) const fn claim(number: u64) -> Uuid {
    Uuid::from_u128(CLAIM + number as u128)
}

pub(crate) const fn number(id: Uuid) -> usize {
    (id.as_u128() & NUMBER) as usize
}
