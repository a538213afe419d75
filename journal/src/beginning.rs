//! Where a record begins whose end is known.

use crate::record::CRC_LEN;

/// The polynomial of CRC-32C, its lowest bit being the highest power.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// 1 in that order of bits.
const ONE: u32 = 1 << 31;

/// The remainder of each byte.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "less than 256")]
        let mut remainder = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            remainder = times_x(remainder);
            bit += 1;
        }
        table[byte] = remainder;
        byte += 1;
    }
    table
};

/// Returns where the record begins that the bytes end with: the last place from which
/// `crc` is the checksum. The record ends with `trailer_len` bytes that are not the
/// entry's.
///
/// The checksum is continued towards the front, so the time grows with the number of
/// bytes, and not with its square.
pub(crate) fn beginning(bytes: &[u8], trailer_len: usize, crc: u32) -> Option<usize> {
    let covered = &bytes[..bytes.len() - CRC_LEN];
    let entry_end = bytes.len() - trailer_len;
    // The remainder of the bytes from `start` on, and x to eight times their number.
    let (mut remainder, mut power) = (0, ONE);
    for (start, &byte) in covered.iter().enumerate().rev() {
        remainder ^= times(TABLE[usize::from(byte)], power);
        power = TABLE[(power & 0xff) as usize] ^ (power >> 8);
        // Most records have an entry; an empty one is no entry.
        if start < entry_end && !(remainder ^ times(u32::MAX, power)) == crc {
            return Some(start);
        }
    }
    None
}

/// The remainder of a product.
const fn times(a: u32, mut b: u32) -> u32 {
    let (mut product, mut bit) = (0, ONE);
    while bit != 0 {
        if a & bit != 0 {
            product ^= b;
        }
        b = times_x(b);
        bit >>= 1;
    }
    product
}

const fn times_x(a: u32) -> u32 {
    (a >> 1) ^ (POLYNOMIAL * (a & 1))
}

#[cfg(test)]
mod tests {
    use super::beginning;
    use crate::record::{Trailer, seal};

    #[test]
    fn a_record_is_found_among_other_bytes() {
        let noise: Vec<u8> = (0..3000_u32)
            .map(|n| n.wrapping_mul(97).to_le_bytes()[1])
            .collect();
        for start in [0, 1, 127, 2999] {
            for len in [1, 2, 300] {
                let mut bytes = noise[..start].to_vec();
                bytes.extend(b"\x22".repeat(len));
                seal(&mut bytes, start, 1 << 40, u64::MAX);
                let trailer = Trailer::ending(&bytes).unwrap();
                let found = beginning(&bytes, trailer.len, trailer.crc);
                assert_eq!(found, Some(start), "{len}");
                assert_eq!(beginning(&bytes, trailer.len, !trailer.crc), None);
            }
        }
    }
}
